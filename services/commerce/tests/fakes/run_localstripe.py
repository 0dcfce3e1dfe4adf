"""Starts localstripe, a stand-in for Stripe made by others, as a process of its own: `python run_localstripe.py`.

As it comes it listens on every interface and keeps its state in a file of the shared temporary folder, which it unpickles:
anyone on the machine could have it run what they like. Here it listens on loopback alone, at a port that is free and that
it prints, and neither reads nor writes a file. It is under the GPL and for tests only: nothing that ships imports it, and
nothing that imports it ships.
"""

import socket

from aiohttp import web
from localstripe.resources import PaymentIntent, store
from localstripe.server import app


def main() -> None:
    """Serve until ended."""
    type(store).dump_to_disk = lambda _: None
    PaymentIntent.amount_received = property(lambda intent: intent.amount if intent.status == "succeeded" else 0)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    web.run_app(app, sock=listening, print=None, access_log=None)


if __name__ == "__main__":
    main()
