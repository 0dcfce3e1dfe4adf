"""The API of the whole house: the services' OpenAPI documents merged along the route table, and a page to read it on.

Each service tells its own part at `/openapi.json`; what the table does not list is left out, and what the table knows
(who may call, limits, keys) is added, so the document cannot promise what the door refuses.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from common.capabilities import Capability
from gateway.docs_page import page_of
from gateway.routing import Public, Row, SignedIn, shape
from gateway.upstream import AnswerMalformed, ConnectionBroken, OutOfTime, Pool, Unreachable
from gateway.upstream.call import call

FRESH_SECONDS = 60.0
ASK_SECONDS = 3.0
Json = dict[str, Any]

_TITLE = "Lanyard"
_TOKEN: Json = {"type": "http", "scheme": "bearer", "description": "The access token of `POST /v1/auth/email/verify`"}


class Documents:
    """The merged document and its page, made anew once a minute at most."""

    def __init__(self, rows: tuple[Row, ...], pools: Mapping[str, Pool], monotonic: Callable[[], float]) -> None:
        self._rows = rows
        self._pools = pools
        self._monotonic = monotonic
        self._made_at = float("-inf")
        self._openapi = b"{}"
        self._page = b""
        self._making = asyncio.Lock()

    async def openapi(self) -> bytes:
        """The OpenAPI 3.1 document."""
        await self._make_fresh()
        return self._openapi

    async def page(self) -> bytes:
        """The page."""
        await self._make_fresh()
        return self._page

    async def _make_fresh(self) -> None:
        async with self._making:
            if self._monotonic() - self._made_at < FRESH_SECONDS:
                return
            parts = dict(zip(self._pools, await asyncio.gather(*map(_fetch, self._pools.values())), strict=True))
            merged = merge({name: part for name, part in parts.items() if part is not None}, self._rows)
            self._openapi = json.dumps(merged, ensure_ascii=False).encode()
            self._page = page_of(merged).encode()
            if None not in parts.values():
                self._made_at = self._monotonic()


async def _fetch(pool: Pool) -> Json | None:
    try:
        answer = await call(pool, "GET", "/openapi.json", b"", ASK_SECONDS)
        document = json.loads(answer.body)
    except (Unreachable, ConnectionBroken, AnswerMalformed, OutOfTime, ValueError):
        return None
    return document if answer.status == 200 and isinstance(document, dict) else None


def merge(parts: Mapping[str, Json], rows: tuple[Row, ...]) -> Json:
    """One document of the services' documents: the rows' operations, and the schemas they name."""
    schemas: Json = {}
    paths: Json = {}
    known = {(row.service, row.method.lower(), shape(row.path)): row for row in rows}
    for service, part in parts.items():
        renamed = _take_schemas(schemas, service, part.get("components", {}).get("schemas", {}))
        for path, item in part.get("paths", {}).items():
            for method, operation in item.items():
                row = known.get((service, method, shape(path)))
                if row is not None:
                    paths.setdefault(row.path, {})[method] = _operation(_repoint(operation, renamed), row)
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": "1", "description": "Everything apps may call, through the one gateway."},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas, "securitySchemes": {"accessToken": _TOKEN}},
    }


def _take_schemas(schemas: Json, service: str, given: Json) -> dict[str, str]:
    """Add a service's schemas; those whose name is taken by another shape get the service's name in front."""
    renamed = {
        name: f"{service.capitalize()}{name}" for name, schema in given.items() if schemas.get(name, schema) != schema
    }
    for name, schema in given.items():
        schemas[renamed.get(name, name)] = _repoint(schema, renamed)
    return renamed


def _repoint(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        pointed = {key: _repoint(item, renamed) for key, item in value.items()}
        reference = pointed.get("$ref")
        if isinstance(reference, str):
            head, _, name = reference.rpartition("/")
            pointed["$ref"] = f"{head}/{renamed.get(name, name)}"
        return pointed
    return [_repoint(item, renamed) for item in value] if isinstance(value, list) else value


def _operation(operation: Json, row: Row) -> Json:
    signed_in = not isinstance(row.who, Public)
    return operation | {
        "operationId": f"{row.method.lower()}{_words(row.path)}",
        "tags": [row.service],
        "security": [{"accessToken": []}] if signed_in else [],
        "parameters": [each for each in operation.get("parameters", []) if each.get("name") != "authorization"],
        "x-who": who_in_words(row),
        "x-body-limit": row.body_limit,
        "x-rate-class": row.limit.name,
    }


def _words(path: str) -> str:
    return "".join(
        word[:1].upper() + word[1:] for word in path.replace("{", "").replace("}", "").replace(".", "/").split("/")
    )


def who_in_words(row: Row) -> str:
    """Who may call, as people read it."""
    if isinstance(row.who, Capability):
        return f"needs {row.who.value}"
    kind = "signed in" if isinstance(row.who, SignedIn) else "everyone"
    return f"{kind}: {row.who.reason}"
