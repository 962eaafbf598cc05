"""A thin HTTP client on one kept connection: what it costs is little beside what the server does."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

BASE = "/api/v1/gamify"
SECONDS_MAX = 30


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def is_replay(self) -> bool:
        return self.headers.get("idempotent-replayed") == "true"


class Client:
    """Raises OSError where there is no answer: whether anything was done is then unknown."""

    def __init__(self, port: int, key: str) -> None:
        self.key = key
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)

    def close(self) -> None:
        self.connection.close()

    def award(self, participant: str, amount: int, *, key: str | None = None, **fields: Any) -> Reply:
        return self.post("/points/award", {"participant_id": participant, "amount": amount, **fields}, key=key)

    def deduct(self, participant: str, amount: int, *, key: str | None = None, **fields: Any) -> Reply:
        return self.post("/points/deduct", {"participant_id": participant, "amount": amount, **fields}, key=key)

    def award_batch(self, awards: list[Any], *, key: str | None = None) -> Reply:
        return self.post("/points/award-batch", {"awards": awards}, key=key)

    def balance(self, participant: str) -> Reply:
        return self.get(f"/participants/{quote(participant, safe='')}/points")

    def transactions(self, participant: str, **query: Any) -> Reply:
        return self.get(f"/participants/{quote(participant, safe='')}/points/transactions?{urlencode(query)}")

    def post(self, path: str, body: Any, *, key: str | None = None) -> Reply:
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._call("POST", BASE + path, headers, json.dumps(body).encode())

    def get(self, path: str, *, base: str = BASE) -> Reply:
        return self._call("GET", base + path, {"X-API-Key": self.key})

    def _call(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, received, response.read())
        except (OSError, http.client.HTTPException) as error:
            # The next call connects anew.
            self.connection.close()
            raise ConnectionError(f"{method} {path}: {error!r}") from error
