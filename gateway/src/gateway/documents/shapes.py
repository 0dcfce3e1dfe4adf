"""Schemas as people read them: one list of fields, nested where the value is, each with its kind and what it may be."""

from html import escape
from typing import Any

from common.openapi import Json
from gateway.documents.examples import resolved

_DEPTH = 5
_LIMITS = (
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("exclusiveMinimum", "more than {}"),
    ("exclusiveMaximum", "less than {}"),
    ("minLength", "{} characters and more"),
    ("maxLength", "at most {} characters"),
    ("minItems", "{} and more"),
    ("maxItems", "at most {}"),
)


def shape_of(schema: Json, document: Json, depth: int = _DEPTH) -> str:
    """HTML of a schema: its kind, and its fields where it has any."""
    schema = resolved(schema, document)
    fields = _object_within(schema, document)
    kind = f'<p class="kind">{kind_of(schema, document)}</p>'
    return kind + (fields_of(fields, document, depth) if fields is not None else "")


def fields_of(schema: Json, document: Json, depth: int = _DEPTH) -> str:
    """HTML of an object's fields."""
    required = set(schema.get("required", []))
    items = "".join(
        _field(name, each, document, depth, optional=name not in required)
        for name, each in schema.get("properties", {}).items()
    )
    return f'<ul class="fields">{items}</ul>' if items else ""


def kind_of(schema: Json, document: Json) -> str:
    """What a value is, in a few words, escaped."""
    schema = resolved(schema, document)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(kind_of(each, document) for each in choices))
    if "const" in schema:
        return _code(schema["const"])
    if "enum" in schema:
        return " · ".join(_code(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return _limited("list of " + kind_of(schema.get("items", {}), document), schema)
    return _limited(escape(_word(schema)), schema)


def _field(name: str, schema: Json, document: Json, depth: int, *, optional: bool) -> str:
    inner = _object_within(resolved(schema, document), document)
    words = schema.get("description") or ""
    line = (
        f"<code>{escape(name)}</code> <span>{kind_of(schema, document)}</span>"
        f"{' <small>optional</small>' if optional else ''}"
        f"{f'<br><small>{prose(words)}</small>' if words else ''}"
    )
    if inner is None or not inner.get("properties"):
        return f"<li>{line}</li>"
    if not depth:
        return f"<li>{line} <small>and so on</small></li>"
    return f"<li><details><summary>{line}</summary>{fields_of(inner, document, depth - 1)}</details></li>"


def _object_within(schema: Json, document: Json) -> Json | None:
    """The object a value is, or whose list it is, or one of whose kinds it is."""
    if schema.get("type") == "object" or "properties" in schema:
        return schema
    if schema.get("type") == "array":
        return _object_within(resolved(schema.get("items", {}), document), document)
    for each in schema.get("anyOf") or schema.get("oneOf") or []:
        found = _object_within(resolved(each, document), document)
        if found is not None:
            return found
    return None


def _word(schema: Json) -> str:
    title, kind = str(schema.get("title", "")), schema.get("type", "any value")
    if "_[0-7][" in schema.get("pattern", ""):
        prefix = schema["pattern"].lstrip("^(?:").partition("_[")[0]
        return f"{title if title.endswith('Id') else 'id'}, {prefix}_…"
    if kind == "object":
        return title or "object"
    named = {"date-time": "moment", "binary": "file", "email": "mail address", "uri": "address"}
    return named.get(schema.get("format", ""), str(kind) if isinstance(kind, str) else " or ".join(kind))


def _limited(word: str, schema: Json) -> str:
    limits = [text.format(_number(schema[key])) for key, text in _LIMITS if key in schema]
    if schema.get("minLength") == 1 and "pattern" not in schema:
        limits[limits.index("1 characters and more")] = "not empty"
    pattern = schema.get("pattern", "")
    if pattern and "_[0-7][" not in pattern:
        limits.append(f"as {_code(pattern)}")
    if schema.get("default") is not None:
        limits.append(f"else {_code(schema['default'])}")
    return word + (f" <small>{', '.join(limits)}</small>" if limits else "")


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else escape(str(value))


def prose(words: str) -> str:
    """Words as HTML, with what stands between backticks as code."""
    parts = escape(words).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _code(value: Any) -> str:
    return f"<code>{escape(str(value))}</code>"
