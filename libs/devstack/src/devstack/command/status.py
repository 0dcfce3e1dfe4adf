"""Show every process with its port, whether it is ready, how old its outbox is and how many dead letters wait."""

import argparse
from concurrent.futures import ThreadPoolExecutor

from devstack.processes import Process, processes
from devstack.running import is_up, running_pid, running_stack
from devstack.servers.ports import is_taken
from devstack.stack import Stack, wanted_stack
from devstack.supervision.readiness import Readiness, ask
from devstack.terminal import Terminal

HELP = "show processes, ports, readiness, outbox age and dead letters"
HEAD = ("process", "port", "state", "outbox", "dead letters", "what is missing")


def configure(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """0 when everything is ready."""
    wanted = wanted_stack()
    if not is_up(wanted):
        terminal.say("Lanyard is not up. Start it with ./lanyard up")
        return 1
    stack = running_stack(wanted) or wanted
    table = processes()
    with ThreadPoolExecutor(len(table)) as pool:
        answers = list(pool.map(lambda process: ask(process.ready_url(stack)), table))
    rows = [_server(stack, "postgres"), _server(stack, "nats")]
    rows += [_row(stack, process, answer) for process, answer in zip(table, answers, strict=True)]
    terminal.table(f"Lanyard, run by process {running_pid(wanted)}", HEAD, rows)
    return 0 if all(answer.ready for answer in answers) else 1


def _server(stack: Stack, name: str) -> tuple[str, ...]:
    port = stack.port(name)
    return (name, str(port), "listening" if is_taken(port) else "down", "", "", "")


def _row(stack: Stack, process: Process, answer: Readiness) -> tuple[str, ...]:
    body = answer.body
    age, dead = body.get("outboxOldestUnsentSeconds"), body.get("deadLetters")
    return (
        process.name,
        str(stack.port(process.name)),
        str(body.get("status", "ready" if answer.ready else "unready")) if answer.status else "down",
        "" if age is None else f"{float(age):.1f} s",
        "" if dead is None else str(dead),
        _missing(body),
    )


def _missing(body: dict[str, object]) -> str:
    dependencies = body.get("dependencies", body.get("services", {}))
    if not isinstance(dependencies, dict):
        return ""
    good = {"ok", "ready"}
    found = {name: one.get("status") if isinstance(one, dict) else one for name, one in dependencies.items()}
    return ", ".join(f"{name} {state}" for name, state in found.items() if state not in good)
