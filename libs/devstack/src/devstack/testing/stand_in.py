"""What a stand-in service runs as its `__main__.py`: it migrates, serves and lists commands as a real one would, and nothing more."""

import http.server
import json
import os
import sys
from pathlib import Path

import psycopg

NAME = Path(__file__).parent.name
COMMANDS = {"identity": ("appState:set", "admins:add"), "commerce": ("orders:expire",)}
READINESS = {
    "service": NAME,
    "status": "ready",
    "outboxOldestUnsentSeconds": 1.5,
    "deadLetters": 2,
    "dependencies": {"database": {"status": "ok"}, "nats": {"status": "away"}},
}


class Answers(http.server.BaseHTTPRequestHandler):
    """Says at every path that it is ready."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(READINESS).encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are not worth a line."""


def migrate() -> None:
    """Count in the database how often this ran."""
    with psycopg.connect(os.environ["LANYARD_MIGRATIONS_DATABASE_URL"].replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS runs (at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO runs DEFAULT VALUES")


def serve() -> None:
    """Until a signal ends it."""
    print(NAME, "serves", flush=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["LANYARD_PORT"])), Answers).serve_forever()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["migrate"]:
            migrate()
        case ["serve"]:
            serve()
        case ["run", "--list"]:
            print("\n".join(COMMANDS.get(NAME, ())))
        case words:
            print(NAME, *words)
