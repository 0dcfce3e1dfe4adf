"""The services' OpenAPI documents merged along the route table.

The table leads: what it does not list is left out, every row it lists is there, and what it knows (who may call, limits,
keys) is added. So the document cannot promise what the door refuses.
"""

import re
from collections.abc import Mapping
from typing import Any

from common.capabilities import Capability
from common.openapi import PROBLEM, Json
from gateway.documents.promises import (
    HEADERS,
    RESPONSES,
    SCHEMES,
    TAGS,
    answers_of,
    in_path,
    parameters_of,
    security_of,
)
from gateway.routes import GATEWAY
from gateway.routing import Row, SignedIn, shape

Operations = Mapping[str, Mapping[str, Json]]

_ABOUT = """Everything apps may call, through the one gateway. JSON in camelCase; moments are RFC 3339 with their offset; money is
an amount in minor units with its currency; lists come in pages (`limit`, `cursor` → `items`, `nextCursor`). Every refusal is
`application/problem+json` with a stable `code`."""
_UNTOLD: Json = {
    "description": "The service that answers here has not described itself yet.",
    "responses": {"2XX": {"description": "Done."}},
}


def merge(parts: Mapping[str, Json], rows: tuple[Row, ...], operations: Operations) -> Json:
    """One valid OpenAPI 3.1 document.

    Args:
        parts: what each service says of itself; a service that never did may be missing.
        operations: what the gateway answers itself, with or without a row.
    """
    schemas: Json = {"Problem": PROBLEM}
    told = {(GATEWAY, method, shape(path)): one for path, item in operations.items() for method, one in item.items()}
    for service, part in parts.items():
        renamed = _take_schemas(schemas, service, part.get("components", {}).get("schemas", {}))
        for path, item in part.get("paths", {}).items():
            for method, operation in item.items():
                told[service, method, shape(path)] = _repoint(operation, renamed) | {"path": path}
    paths: Json = {
        path: {method: _own(path, method, one) for method, one in item.items()} for path, item in operations.items()
    }
    for row in rows:
        method = row.method.lower()
        paths.setdefault(row.path, {})[method] = _of_row(told.get((row.service, method, shape(row.path)), _UNTOLD), row)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lanyard", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": RESPONSES,
            "headers": HEADERS,
            "securitySchemes": SCHEMES,
        },
    }


def who_in_words(row: Row) -> str:
    """Who may call, as people read it."""
    if isinstance(row.who, Capability):
        return f"needs {row.who.value}"
    kind = "signed in" if isinstance(row.who, SignedIn) else "everyone"
    return f"{kind}: {row.who.reason}"


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


def _own(path: str, method: str, operation: Json) -> Json:
    """An address of the gateway's own that is no row of the table: health, documents."""
    usual = {"operationId": operation_id(method, path), "tags": [GATEWAY], "security": [], "x-who": "everyone"}
    return usual | dict(operation)


def _of_row(operation: Json, row: Row) -> Json:
    """A row's operation: what its service says, and what the door does before the service is asked."""
    given = _named_as_in_the_table(operation, row)
    parameters = given + parameters_of(row, {each["name"].lower() for each in given})
    described = {
        key: value
        for key, value in operation.items()
        if key not in ("path", "tags", "operationId", "security", "parameters", "responses")
    }
    if row.deprecated is not None:
        described["deprecated"] = True
    return described | {
        "operationId": operation_id(row.method, row.path),
        "tags": [row.service],
        "security": security_of(row),
        "parameters": parameters,
        "responses": answers_of(row, operation, parameters),
        "x-who": who_in_words(row),
        "x-body-limit": row.body_limit,
        "x-rate-class": row.limit.name,
        "x-timeout-seconds": row.timeout,
    }


def _named_as_in_the_table(operation: Json, row: Row) -> list[Json]:
    """The parameters a client sends; those in the path by the table's names, whatever the service calls them."""
    wanted = re.findall(r"\{([^}]*)\}", row.path)
    names = dict(zip(re.findall(r"\{([^}]*)\}", operation.get("path", row.path)), wanted, strict=True))
    given = [
        in_path(each | {"name": names.get(each["name"], each["name"])}) if each.get("in") == "path" else each
        for each in operation.get("parameters", [])
        if each.get("name", "").lower() != "authorization"
    ]
    known = {each["name"] for each in given if each.get("in") == "path"}
    return [in_path({"name": name}) for name in wanted if name not in known] + given


def operation_id(method: str, path: str) -> str:
    """`POST /v1/events/{eventId}/publish` → `postEventsByEventIdPublish`."""
    named = path.removeprefix("/v1/").replace("{", "by-").replace("}", "")
    return method.lower() + "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", named))
