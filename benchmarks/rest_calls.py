"""The plainest REST client: one connection, JSON in and out."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class RestCalls:
    """`ask` raises `RuntimeError` with the broker's words when it refuses."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def ask(self, method: str, path: str, body: object = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if content else {}
        self._connection.request(method, f"/v2{path}", content, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {text.decode()}")
        return json.loads(text) if text else None


@contextmanager
def rest_calls(address: str, authority: str = "") -> Iterator[RestCalls]:
    """Over TLS with the `authority` of the broker."""
    connection = http.client.HTTPConnection(address, timeout=120)
    if authority:
        context = ssl.create_default_context(cafile=authority)
        connection = http.client.HTTPSConnection(address, timeout=120, context=context)
    try:
        yield RestCalls(connection)
    finally:
        connection.close()
