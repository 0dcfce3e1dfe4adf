"""(a) Requests per second through our gateway beside nginx auth_request + proxy_pass, in the same run on the same core."""

import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import nginx
from bench.people import sign_in_organiser
from bench.proc import core_times, cpu_seconds, resident_bytes
from bench.programs import LOAD_CORE, PROXY_CORE, output_of, pinned, program, running
from bench.report import NotMeasured, alternate, heading, median, say
from bench.stack import SCRATCH, STACK, UNLIMITED, Platform, scratch
from devstack.environments import Environment, gateway_environment

PATH = "/v1/dp/templates"
"""A route that asks for a capability (dp:template:read), of a service that the bench puts a static server in the place of."""
CONNECTIONS, SECONDS, WARM_UP = 64, 8, 2
MANY = 1000
OURS, NGINX, UPSTREAM, USUAL, TRACED = (STACK.port_base + offset for offset in (60, 61, 62, 63, 64))
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_P99 = re.compile(r"^\s+99%\s+([\d.]+)(us|ms|s)\s*$", re.MULTILINE)
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass
class Side:
    """One proxy under load."""

    name: str
    port: int
    pid: int
    token: str
    p99: list[float] = field(default_factory=list)
    """Milliseconds, one for each round."""
    thrift: list[float] = field(default_factory=list)
    """Requests for each second of its own processor time: that bears a machine where others work, too."""

    @property
    def url(self) -> str:
        """What is asked for."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def round(self, number: int) -> float:
        """Requests per second. Raises NotMeasured when any request failed."""
        (busy, whole), used = core_times(PROXY_CORE), cpu_seconds(self.pid)
        rate, p99 = self.load(SECONDS)
        (busy_after, whole_after), used = core_times(PROXY_CORE), cpu_seconds(self.pid) - used
        others = max(0.0, busy_after - busy - used) / (whole_after - whole)
        self.p99.append(p99)
        self.thrift.append(rate * SECONDS / used)
        say(
            f"    round {number}, {self.name:6} {rate:9,.0f} requests/s   p99 {p99:6.1f} ms   others had {others:.0%} of its core"
        )
        return rate

    def load(self, seconds: int, connections: int = CONNECTIONS) -> tuple[float, float]:
        """Requests per second and p99 in milliseconds."""
        wrk = [program("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
        said = output_of(
            [*pinned(LOAD_CORE), *wrk, "-H", f"Authorization: Bearer {self.token}", self.url], seconds + 30
        )
        rate, p99 = _RATE.search(said), _P99.search(said)
        if rate is None or p99 is None or "Non-2xx" in said or "Socket errors" in said:
            raise NotMeasured(f"wrk on {self.name}: {said.strip()}")
        return float(rate[1]), float(p99[1]) * _MILLISECONDS[p99[2]]


def run(_platform: Platform, rounds: int = 3) -> None:
    """Measure and print."""
    heading("(a) authenticated GET of 1 kB through the gateway", "python -m bench gateway")
    say(
        f"  {PATH}: sign-in and capability checked, limit counted, access log and tracing on (one request in ten "
        f"recorded); {CONNECTIONS} connections, {SECONDS} s a round"
    )
    say(
        "  nginx: auth_request to a 204 and proxy_pass, both kept alive, access log on; the same static upstream behind both"
    )
    say("  usual: FastAPI and httpx, the token looked up in memory and nothing else done (bench/usual.py)")
    with scratch(), ExitStack() as started:
        folder = SCRATCH.resolve()
        one, other = pinned(PROXY_CORE), pinned(LOAD_CORE)
        upstream = [*other, *nginx.upstream(folder, UPSTREAM)]
        proxy = [*one, *nginx.proxy(folder, NGINX, UPSTREAM)]
        command = [*one, sys.executable, "-m", "gateway", "serve"]
        started.enter_context(running(upstream, folder / "upstream.log"))
        reference = started.enter_context(running(proxy, folder / "proxy.log"))
        gateway = started.enter_context(running(command, folder / "gateway.log", _environment(OURS, 0.1)))
        recorder = started.enter_context(running(command, folder / "traced.log", _environment(TRACED, 1.0)))
        token = sign_in_organiser().token
        command = [*one, sys.executable, "-m", "bench.usual", str(USUAL), str(UPSTREAM), token]
        common_way = started.enter_context(running(command, folder / "usual.log"))
        ours, theirs = Side("ours", OURS, gateway.pid, token), Side("nginx", NGINX, reference.pid, token)
        usual, traced = Side("usual", USUAL, common_way.pid, token), Side("traced", TRACED, recorder.pid, token)
        sides = (ours, theirs, usual, traced)
        for side in sides:
            _wait_for_answer(side, folder)
        for side in (ours, usual, traced):
            _demand_refusal(side)
        for side in sides:
            side.load(WARM_UP)
        seen = alternate(rounds, **{side.name: side.round for side in sides})
        ours.load(WARM_UP, connections=MANY)
        size = resident_bytes(gateway.pid) / 2**20
    _compare("requests/s", seen["ours"], seen["nginx"], seen["usual"])
    _compare("p99 in ms", ours.p99, theirs.p99, usual.p99)
    _compare("requests for each second of its own processor time", ours.thrift, theirs.thrift, usual.thrift)
    say(
        f"  with every request recorded as a trace: {median(seen['traced']):,.0f} requests/s, p99 {median(traced.p99):.1f} ms"
    )
    say(f"  the gateway's memory after {MANY} connections at once: {size:.0f} MiB (RSS)")


def _compare(what: str, ours: Sequence[float], theirs: Sequence[float], usual: Sequence[float]) -> None:
    one, other, third = median(ours), median(theirs), median(usual)
    say(f"  medians, {what}: ours {one:,.1f}   nginx {other:,.1f}   usual {third:,.1f}")
    say(f"    ours to nginx {one / other:.2f}, ours to the usual way {one / third:.1f}")


def _environment(port: int, share: float) -> Environment:
    """A further gateway of the platform, with its real settings, that finds a static server where dp should be.

    Args:
        share: of the requests, how many it records as traces, which the static server takes in.
    """
    environment = gateway_environment(STACK, f"gateway-{port}")
    upstreams = json.loads(environment["LANYARD_UPSTREAMS"])
    return {
        **environment,
        "LANYARD_PORT": str(port),
        "LANYARD_UPSTREAMS": json.dumps({**upstreams, "dp": [f"http://127.0.0.1:{UPSTREAM}"]}),
        "LANYARD_RATE_LIMITS": UNLIMITED,
        "LANYARD_LOG_FORMAT": "json",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{UPSTREAM}",
        "LANYARD_TRACE_SHARE": str(share),
    }


def _wait_for_answer(side: Side, folder: Path) -> None:
    """Until the whole answer comes through. Raises NotMeasured with what the programs said when it does not."""
    status, body, deadline = 0, b"", time.monotonic() + 20
    while time.monotonic() < deadline:
        status, body = _get(side.url, side.token)
        if status == 200 and len(body) == nginx.ANSWER_BYTES:
            return
        time.sleep(0.05)
    logs = "".join(path.read_text(errors="replace")[-600:] for path in sorted(folder.glob("*.log")))
    raise NotMeasured(f"{side.name} answered {status} with {len(body)} bytes: {body[:200]!r}\n{logs}")


def _demand_refusal(side: Side) -> None:
    """What is measured has to include the check: without a valid token there must be none of it."""
    status, _ = _get(side.url, "x" + side.token)
    if status != 401:
        raise NotMeasured(f"{side.name} answered {status} to a token nobody signed")


def _get(url: str, token: str) -> tuple[int, bytes]:
    try:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()
    except OSError:
        return 0, b""
