"""HTTP read by nothing cleverer than splitting, so that tests do not trust the parser they test."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.headers import Inbound


@dataclass
class Heard:
    """One request as a service received it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str:
        """The value of a field that occurs once."""
        (value,) = self.all(name)
        return value


@dataclass
class Answer:
    """One answer as a client received it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str:
        """The value of a field that occurs once."""
        (value,) = self.all(name)
        return value

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.one("content-type") == "application/problem+json"
        return str(self.json()["code"])


def inbound_of(fields: Iterable[tuple[bytes, bytes]]) -> Inbound:
    """The fields of a request as the edge sorts them."""
    inbound = Inbound()
    for name, value in fields:
        inbound.take(name, value)
    return inbound


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def read_head(reader: asyncio.StreamReader) -> tuple[str, list[tuple[str, str]]]:
    """First line and fields, read by nothing cleverer than splitting."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    return first, [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]


async def read_body(reader: asyncio.StreamReader, headers: list[tuple[str, str]]) -> bytes:
    """A body by its length or its chunks."""
    fields = dict(headers)
    if fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return body
    return await reader.readexactly(int(fields.get("content-length", "0")))
