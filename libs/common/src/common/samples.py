"""One plausible body for a message class: stored when a version is first made, and read for as long as that version lives."""

import json
from typing import Any

from common.messages import Message

_TEXT_BY_FORMAT = {"date-time": "2026-11-20T18:00:00Z"}


def sample(kind: type[Message]) -> str:
    """A body with every field filled, as text."""
    body = sample_body(kind)
    kind.parse(json.dumps(body))
    return json.dumps(body, indent=2, sort_keys=True) + "\n"


def sample_body(kind: type[Message]) -> dict[str, Any]:
    """A body with every field filled."""
    schema = kind.model_json_schema(by_alias=True)
    return {name: _value(field, schema.get("$defs", {})) for name, field in schema["properties"].items()}


def _value(field: dict[str, Any], definitions: dict[str, Any]) -> Any:
    if "$ref" in field:
        part = definitions[field["$ref"].rsplit("/", 1)[1]]
        return {name: _value(inner, definitions) for name, inner in part["properties"].items()}
    if "anyOf" in field:
        return _value(field["anyOf"][0], definitions)
    if "enum" in field:
        return field["enum"][0]
    if field["type"] == "array":
        return [_value(field["items"], definitions)]
    return _scalar(field)


def _scalar(field: dict[str, Any]) -> Any:
    if "const" in field:
        return field["const"]
    if "pattern" in field:
        prefix = field["pattern"].removeprefix("^").split("_[", 1)[0]
        return f"{prefix}_01m7x31szefpcvvad5zvy8zgfk"
    by_type = {
        "integer": 7,
        "number": 6.5,
        "boolean": True,
        "string": _TEXT_BY_FORMAT.get(field.get("format", ""), "Žižkov"),
    }
    return by_type[field["type"]]
