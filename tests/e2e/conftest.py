"""The whole platform, once for all journeys: the one LANYARD_URL names (Compose), or one of our own on free ports."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import SystemRandom

import httpx
import pytest
from tests.e2e.collector import Collector
from tests.e2e.journey import Stack

ROOT = Path(__file__).resolve().parents[2]
ADMIN = "release-manager@example.org"
# One machine calls more often here than people do.
LIMITS = ("read", "write", "upload", "buy", "scan", "public-read", "public-write", "sign-in", "machine")


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.receive(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def stack(collector: Collector) -> Iterator[Stack]:
    if "LANYARD_URL" in os.environ:
        yield Stack.from_environment()
        return
    state = Path(tempfile.mkdtemp(prefix="lanyard-e2e-"))
    # Below the ports that outgoing connections are given, so that none of those is in the way.
    base = SystemRandom().randrange(10000, 20000, 200)
    environment = {
        **os.environ,
        "LANYARD_PORT_BASE": str(base),
        "LANYARD_STATE": str(state),
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "LANYARD_RATE_LIMITS": json.dumps({name: [1_000_000, 60] for name in LIMITS}),
    }
    with (state / "up.log").open("wb") as log:
        command = [sys.executable, "-m", "devstack.command", "up", "--quiet"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_ready(process, f"http://127.0.0.1:{base}/health", state / "up.log")
        _lanyard(environment, "run", "admins:add", json.dumps({"email": ADMIN}))
        secrets = json.loads((state / "secrets.json").read_text())
        yield Stack(
            gateway=f"http://127.0.0.1:{base}",
            mailbox=f"http://127.0.0.1:{base + 25}",
            railway_secret=secrets["railway-secret"],
            admin_email=ADMIN,
            apple_root=state / "certificates/apple/root.pem",
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        _lanyard(environment, "clean")
        shutil.rmtree(state, ignore_errors=True)


def _lanyard(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "devstack.command", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the platform did not come up:\n{log.read_text()[-3000:]}")
