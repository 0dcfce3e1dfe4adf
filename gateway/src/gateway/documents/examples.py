"""Examples made from schemas: a plausible value, and the curl command that sends it."""

import json
from collections.abc import Mapping
from typing import Any

from common.openapi import Json

DEPTH = 6
_BY_FORMAT = {
    "date-time": "2026-11-20T18:00:00Z",
    "date": "2026-11-20",
    "email": "ada@example.org",
    "uri": "https://example.org/",
    "uuid": "01939e0a-7a52-7c31-8b1f-6d5a0e6c1c11",
}
_ID_SUFFIX = "_01m7x31szefpcvvad5zvy8zgfk"


def resolved(schema: Json, document: Json) -> Json:
    """The schema itself, with a reference to the document's schemas followed."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"].get(name, {}) if name else schema


def example_of(schema: Json, document: Json, *, name: str = "", depth: int = DEPTH) -> Any:
    """A value of a schema's shape, with what is required and what an example is given for.

    Args:
        name: what the value is called where it stands; text is then told as `…name…`.
        depth: how many levels may still follow.
    """
    schema = resolved(schema, document)
    for given in ("example", "default", "const"):
        if schema.get(given) is not None:
            return schema[given]
    for several in ("examples", "enum"):
        if schema.get(several):
            return schema[several][0]
    for choices in ("anyOf", "oneOf", "allOf"):
        if choices in schema:
            return example_of(schema[choices][0], document, name=name, depth=depth)
    kind = schema.get("type")
    if kind == "object" and depth:
        wanted = schema.get("required", [])
        fields = {field: each for field, each in schema.get("properties", {}).items() if field in wanted}
        return {field: example_of(each, document, name=field, depth=depth - 1) for field, each in fields.items()}
    if kind == "array" and depth:
        return [example_of(schema.get("items", {}), document, name=name, depth=depth - 1)]
    return _scalar(schema, name)


def _scalar(schema: Json, name: str) -> Any:
    if schema.get("type") in ("integer", "number"):
        return int(max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1))
    if schema.get("type") == "boolean":
        return True
    prefix = _id_prefix(schema.get("pattern", ""))
    if prefix:
        return prefix + _ID_SUFFIX
    return _BY_FORMAT.get(schema.get("format", ""), f"…{name}…" if name else "…")


def _id_prefix(pattern: str) -> str:
    head = pattern.removeprefix("^").removeprefix("(?:").partition("_[0-7]")
    return head[0] if head[1] and head[0].isalpha() else ""


def curl(method: str, path: str, operation: Json, document: Json) -> str:
    """The command that calls an operation; `$LANYARD` is the gateway's address, `$TOKEN` one's token."""
    lines = [f'curl "$LANYARD{_address(path, operation, document)}"']
    if method != "get":
        lines.append(f"-X {method.upper()}")
    if operation.get("security") and {} not in operation["security"]:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    for each in operation.get("parameters", []):
        if each["in"] == "header" and each.get("required"):
            value = "a-key-of-yours" if each["name"] == "Idempotency-Key" else f"…{each['name']}…"
            lines.append(f'-H "{each["name"]}: {value}"')
    content: Mapping[str, Json] = operation.get("requestBody", {}).get("content", {})
    for kind, media in list(content.items())[:1]:
        lines += _body(kind, media.get("schema", {}), document)
    return " \\\n  ".join(lines)


def _address(path: str, operation: Json, document: Json) -> str:
    asked = []
    for each in operation.get("parameters", []):
        value = example_of(each.get("schema", {}), document, name=each["name"])
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(value))
        elif each["in"] == "query" and each.get("required"):
            asked.append(f"{each['name']}={value}")
    return path + ("?" + "&".join(asked) if asked else "")


def _body(kind: str, schema: Json, document: Json) -> list[str]:
    value = example_of(schema, document)
    if kind == "multipart/form-data":
        fields = value if isinstance(value, dict) else {}
        names = resolved(schema, document).get("properties", fields)
        return [f'-F "{name}={_part(name, names[name], fields)}"' for name in names]
    text = json.dumps(value, ensure_ascii=False).replace("'", "'\\''")
    return [f'-H "Content-Type: {kind}"', f"-d '{text}'"]


def _part(name: str, schema: Json, fields: Json) -> str:
    choices = [schema, *schema.get("anyOf", [])]
    if any(each.get("format") == "binary" or "contentMediaType" in each for each in choices):
        return "@picture.jpg"
    return str(fields.get(name, f"…{name}…"))
