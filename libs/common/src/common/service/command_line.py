"""`python -m <service> serve | migrate | run NAME JSON | republish | dead-letters … | openapi`, alike for every service."""

import argparse
import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError
from sqlalchemy.engine import Row

from common import inbox_store, migrations
from common.errors_page import refusals_json
from common.refusals import Refusal
from common.service.app import create_app
from common.service.definition import Service
from common.service.openapi import openapi_text
from common.service.server import server_for
from common.service.settings import ServiceSettings
from common.telemetry import configure_logs, configure_tracing


def command_line(service: Service[Any], arguments: list[str] | None = None) -> int:
    """Run one command; the result is the process' exit code."""
    options = _parser(service.name).parse_args(arguments)
    command: Callable[[Service[Any], argparse.Namespace], int] = options.command
    return command(service, options)


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("serve", help="answer requests and hear messages").set_defaults(command=_serve)
    migrate = commands.add_parser("migrate", help="bring the database to the newest revision")
    migrate.add_argument("--sql", action="store_true", help="print the SQL instead")
    migrate.set_defaults(command=_migrate)
    run = commands.add_parser("run", help="run an operator's command")
    run.add_argument("name", nargs="?")
    run.add_argument("json", nargs="?", default="{}")
    run.add_argument("--list", action="store_true", help="print the names, one a line")
    run.set_defaults(command=_run)
    commands.add_parser("republish", help="say every aggregate's state again").set_defaults(command=_republish)
    dead = commands.add_parser("dead-letters", help="list, show or replay what could not be worked off")
    dead.add_argument("what", choices=["list", "show", "replay"])
    dead.add_argument("message_id", nargs="?")
    dead.set_defaults(command=_dead_letters)
    commands.add_parser("openapi", help="print the API").set_defaults(command=_openapi)
    commands.add_parser("errors", help="print every refusal, as JSON").set_defaults(command=_errors)
    return parser


def _serve(service: Service[Any], options: argparse.Namespace) -> int:
    settings: ServiceSettings = service.settings()
    configure_logs(service.name, settings.log_format)
    configure_tracing(service.name, settings.otlp_endpoint)
    server = server_for(create_app(service, settings), settings)
    # What imports and routes made lives as long as the process, and requests leave few cycles: the collector need not go
    # through the one again and again, and need seldom look for the others.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    server.run()
    return 0


def _migrate(service: Service[Any], options: argparse.Namespace) -> int:
    if options.sql:
        migrations.upgrade_sql(service.name)
        return 0
    settings: ServiceSettings = service.settings()
    changed = migrations.migrate(service.name, settings.migrations_database_url)
    print(f"{service.name}: {'migrated' if changed else 'already at the newest revision'}")
    return 0


def _run(service: Service[Any], options: argparse.Namespace) -> int:
    app = create_app(service, service.settings())
    commands = app.state.parts.commands
    if options.list:
        print("\n".join(commands))
        return 0
    if options.name not in commands:
        return _complain(f"{service.name} has no command {options.name!r}; it has: {', '.join(commands) or 'none'}")
    try:
        values = json.loads(options.json)
    except json.JSONDecodeError as error:
        return _complain(f"the second argument is not JSON: {error}")
    if not isinstance(values, dict):
        return _complain("the second argument is a JSON object, like '{\"crowdfundingActive\": true}'")
    try:
        result = asyncio.run(_with_app(app, lambda: commands[options.name](values)))
    except Refusal as refusal:
        return _complain(f"{refusal.code}: {refusal}")
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        return _complain("\n".join(lines))
    print(json.dumps(result, indent=2, default=str))
    return 0


def _republish(service: Service[Any], options: argparse.Namespace) -> int:
    app = create_app(service, service.settings())
    republish = app.state.parts.republish
    if republish is None:
        return _complain(f"{service.name} publishes no aggregate")

    async def work() -> int:
        async with app.state.database.transaction() as transaction:
            count: int = await republish(transaction)
        return count

    print(f"{asyncio.run(_closing(app, work))} messages are in the outbox again")
    return 0


def _dead_letters(service: Service[Any], options: argparse.Namespace) -> int:
    if options.what != "list" and not options.message_id:
        return _complain("name the message id; `dead-letters list` shows them")
    app = create_app(service, service.settings())
    work = {"list": _list_dead, "show": _show_dead, "replay": _replay_dead}[options.what]
    status: int = asyncio.run(_closing(app, lambda: work(app, options.message_id)))
    return status


async def _list_dead(app: Any, _: str) -> int:
    async with app.state.database.transaction() as transaction:
        letters = await inbox_store.list_dead(transaction.connection)
    for letter in letters:
        print(
            f"{letter.message_id}  {letter.died_at:%Y-%m-%d %H:%M:%S}  {letter.type}  {letter.consumer}  {letter.error[:90]}"
        )
    print(f"{len(letters)} dead letters")
    return 0


async def _show_dead(app: Any, message_id: str) -> int:
    async with app.state.database.transaction() as transaction:
        letters = await inbox_store.find_dead(transaction.connection, message_id)
    for letter in letters:
        print(json.dumps(letter._asdict(), indent=2, default=str))
    return 0 if letters else _complain(f"there is no dead letter {message_id}")


async def _replay_dead(app: Any, message_id: str) -> int:
    async with app.state.database.transaction() as transaction:
        letters: list[Row[Any]] = list(await inbox_store.find_dead(transaction.connection, message_id))
    waiting = [letter for letter in letters if letter.replayed_at is None]
    if not waiting:
        return _complain(f"no dead letter {message_id} waits; `dead-letters list` shows those that do")
    for letter in waiting:
        try:
            await app.state.inbox.replay(letter.consumer, message_id)
        except Exception as error:  # noqa: BLE001 - shown to the operator; the letter stays
            return _complain(f"{letter.consumer}: it failed again and stays: {type(error).__name__}: {error}")
        print(f"{letter.consumer}: replayed {letter.type}")
    return 0


def _openapi(service: Service[Any], options: argparse.Namespace) -> int:
    print(openapi_text(service), end="")
    return 0


async def _with_app(app: Any, work: Callable[[], Awaitable[Any]]) -> Any:
    """Run with the whole process alive, so that what a command says is relayed and what it revokes is announced."""
    async with app.router.lifespan_context(app):
        return await work()


async def _closing(app: Any, work: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await work()
    finally:
        await app.state.database.close()


def _errors(service: Service[Any], options: argparse.Namespace) -> int:
    print(refusals_json(), end="")
    return 0


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
