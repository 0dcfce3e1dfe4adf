"""`python -m devstack.mailbox`: the SMTP catcher and its page in one process, configured by arguments or the environment."""

import argparse
import asyncio
import os
from pathlib import Path

import uvicorn

from devstack.mailbox.api import make_app
from devstack.mailbox.smtp import listen
from devstack.mailbox.store import MailStore


def arguments() -> argparse.Namespace:
    """Where to listen and keep messages; containers set the environment, people the arguments."""
    parser = argparse.ArgumentParser(prog="python -m devstack.mailbox", description=__doc__)
    environment = os.environ.get
    parser.add_argument("--host", default=environment("LANYARD_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(environment("LANYARD_PORT", "8025")), help="of page and API")
    parser.add_argument("--smtp-port", type=int, default=int(environment("LANYARD_SMTP_PORT", "8026")))
    parser.add_argument("--directory", type=Path, default=Path(environment("LANYARD_MAILBOX_DIR", ".lanyard/mailbox")))
    parser.add_argument(
        "--names",
        default=environment("LANYARD_MAILBOX_NAMES", "127.0.0.1,localhost,mailbox"),
        help="host names the page answers to, by commas; others are refused, against rebinding of names",
    )
    return parser.parse_args()


async def serve(given: argparse.Namespace, store: MailStore, config: uvicorn.Config) -> None:
    """Run both servers until a signal ends the page's."""
    smtp = await listen(store, given.host, given.smtp_port)
    print(
        f"mail for anyone: smtp://{given.host}:{given.smtp_port}, shown on http://{given.host}:{given.port}", flush=True
    )
    async with smtp:
        await uvicorn.Server(config).serve()


def main() -> None:
    """Serve on the event loop that uvicorn finds fastest."""
    given = arguments()
    store = MailStore(given.directory)
    config = uvicorn.Config(
        make_app(store, given.names.split(",")),
        host=given.host,
        port=given.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve(given, store, config))


if __name__ == "__main__":
    main()
