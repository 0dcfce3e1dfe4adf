"""A running mail catcher for tests, and a small HTTP client to look at it."""

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from devstack.mailbox.api import make_app
from devstack.mailbox.smtp import listen
from devstack.mailbox.store import MailStore
from devstack.servers.ports import free_port


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()

    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)


@dataclass(frozen=True)
class Mailbox:
    """A running mail catcher: its two ports."""

    smtp_port: int
    port: int

    def ask(self, method: str, path: str, body: object = None, host: str = "127.0.0.1") -> Answer:
        """One request, with `host` as the name the caller believes to speak to."""
        content = b"" if body is None else json.dumps(body).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request(method, path, content, {"Host": f"{host}:{self.port}"})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read())

    def get(self, path: str) -> Answer:
        """GET."""
        return self.ask("GET", path)

    def delete(self, path: str, body: object = None) -> Answer:
        """DELETE."""
        return self.ask("DELETE", path, body)


@contextmanager
def serving(store: MailStore) -> Iterator[Mailbox]:
    """Both servers over `store`, in a thread of their own."""
    mailbox = Mailbox(free_port(), free_port())
    app = make_app(store, ["127.0.0.1", "localhost"])
    page = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=mailbox.port, log_level="warning"))
    ready = threading.Event()

    async def serve() -> None:
        async with await listen(store, "127.0.0.1", mailbox.smtp_port):
            running = asyncio.create_task(page.serve())
            while not page.started:
                await asyncio.sleep(0)
            ready.set()
            await running

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield mailbox
    page.should_exit = True
    thread.join(10)
