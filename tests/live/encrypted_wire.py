"""A wire to PostgreSQL that speaks nothing but TLS, whatever the server at its end does."""

import select
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.live.wire import CHUNK_BYTES, Wire

# What a client of PostgreSQL asks for before it says anything else.
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
GSS_REQUEST = bytes.fromhex("0000000804d21630")


class EncryptedWire(Wire):
    """With a certificate of its own, made in `folder`."""

    def __init__(self, url: str, folder: Path) -> None:
        self._certificate, key = folder / "certificate.pem", folder / "key.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests"]
        files = ["-keyout", str(key), "-out", str(self._certificate)]
        subprocess.run([*command, *files, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self._certificate, key)
        super().__init__(url)

    def to(self, url: str, *, sslmode: str = "verify-full") -> str:
        """The URL, through this wire, of another database of the same server."""
        options = {"sslmode": sslmode, "sslrootcert": str(self._certificate)}
        return urlsplit(self.url)._replace(path=urlsplit(url).path, query=urlencode(options)).geturl()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while (request := client.recv(len(SSL_REQUEST), socket.MSG_WAITALL)) == GSS_REQUEST:
                client.sendall(b"N")
            if request != SSL_REQUEST:
                return
            client.sendall(b"S")
            with self._context.wrap_socket(client, server_side=True) as encrypted, self._connect() as server:
                _forward(encrypted, server)


def _forward(encrypted: ssl.SSLSocket, server: socket.socket) -> None:
    """Both ways, until one side ends. In one thread, as two must not use one TLS session at once."""
    while True:
        # What is decrypted already makes no socket readable.
        readable = [encrypted] if encrypted.pending() else select.select([encrypted, server], [], [])[0]
        for source in readable:
            data = source.recv(CHUNK_BYTES)
            if not data:
                return
            (server if source is encrypted else encrypted).sendall(data)


@contextmanager
def encrypted_wire_to(url: str, folder: Path) -> Iterator[EncryptedWire]:
    wire = EncryptedWire(url, folder)
    try:
        yield wire
    finally:
        wire.close()
