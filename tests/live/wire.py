"""A wire between the service and PostgreSQL that can be cut, also between a commit and its acknowledgement."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, quote, unquote, urlsplit

import psycopg

CHUNK_BYTES = 65_536
SECONDS_MAX = 30


class Wire:
    """Forwards connections to the server that `url` names; `url` of the object is the way through it."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as session:
            self._server = (session.info.host, session.info.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        parts = urlsplit(url)
        user = quote(parts.username or parse_qs(parts.query).get("user", ["postgres"])[0])
        password = f":{quote(unquote(parts.password))}" if parts.password else ""
        netloc = f"{user}{password}@127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = parts._replace(netloc=netloc, query="sslmode=disable&gssencmode=disable").geturl()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._answers_to_lose = 0
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Every connection, now."""
        with self._lock:
            for each in self._open:
                _shut(each)

    def lose_acknowledgements(self, count: int) -> None:
        """Of the next `count` commits: PostgreSQL's answer gets as far as this, and then the connection is cut."""
        with self._lock:
            self._answers_to_lose = count

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, self._connect() as server:
            with self._lock:
                self._open |= {client, server}
            committing = threading.Event()
            back = threading.Thread(target=self._back, args=(client, server, committing), daemon=True)
            back.start()
            with suppress(OSError):
                while data := client.recv(CHUNK_BYTES):
                    if b"COMMIT" in data:
                        committing.set()
                    server.sendall(data)
            _shut(server)
            back.join(SECONDS_MAX)
            with self._lock:
                self._open -= {client, server}

    def _back(self, client: socket.socket, server: socket.socket, committing: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(CHUNK_BYTES):
                # "COMMIT" is also what PostgreSQL calls a commit that is done.
                if committing.is_set() and b"COMMIT\0" in data:
                    committing.clear()
                    if self._is_to_be_lost():
                        break
                client.sendall(data)
        _shut(client)

    def _is_to_be_lost(self) -> bool:
        with self._lock:
            if not self._answers_to_lose:
                return False
            self._answers_to_lose -= 1
            self.lost += 1
            return True

    def _connect(self) -> socket.socket:
        host, port = self._server
        if not host.startswith("/"):
            return socket.create_connection((host, port), SECONDS_MAX)
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server


@contextmanager
def wire_to(url: str) -> Iterator[Wire]:
    wire = Wire(url)
    try:
        yield wire
    finally:
        wire.close()


def _shut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
