"""The live stream in the AsyncAPI document: what of which message is shown, as the message classes declare."""

from inspect import cleandoc

from pydantic.alias_generators import to_camel

from common.messages import Message, Team
from common.openapi import Json
from gateway.live.endings import REASONS

CHANNEL = "live"
SERVER: Json = {
    "host": "{host}",
    "protocol": "http",
    "description": "The gateway: the one door for apps. https where the house is not on one's own machine.",
    "variables": {"host": {"default": "127.0.0.1:8000"}},
    "security": [{"$ref": "#/components/securitySchemes/accessToken"}],
}

_ID = {
    "type": "object",
    "properties": {"id": {"type": "string", "description": "the position: send the last one as `Last-Event-ID`"}},
    "required": ["id"],
}
_NOTHING: Json = {"type": "object", "properties": {}}
_OWN: dict[str, tuple[str, Json]] = {
    "reset": ("What was missed cannot be told any more. Read again what you show, then go on.", _NOTHING),
    "behind": ("You did not read fast enough; the stream ends. Connect anew with the last id.", _NOTHING),
    "closing": (
        "The stream ends; the reason says what to do before connecting anew.",
        {"type": "object", "properties": {"reason": {"enum": list(REASONS)}}, "required": ["reason"]},
    ),
}


def live_channel(messages: Json) -> Json:
    """`GET /v1/live` as a channel of these messages."""
    return {
        "address": "/v1/live",
        "title": "Live updates",
        "description": "Server-sent events for whoever is signed in: `event` is the message's name, `data` its payload.",
        "servers": [{"$ref": "#/servers/gateway"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"http": {"bindingVersion": "0.3.0"}},
        "tags": [{"name": "gateway"}],
    }


def live_messages(kinds: list[type[Message]], schemas: Json) -> Json:
    """What is shown, by name: a part of each message that has an audience, and the stream's own events."""
    shown = {f"live.{kind.subject}": _shown(kind, schemas) for kind in kinds if kind.audience is not None}
    return shown | {f"live.{name}": _event(name, words, payload) for name, (words, payload) in _OWN.items()}


def _shown(kind: type[Message], schemas: Json) -> Json:
    assert kind.audience is not None
    whole = kind.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    schemas |= {name: part for name, part in whole.get("$defs", {}).items() if name not in schemas}
    names = [to_camel(name) for name in kind.audience.shown]
    payload = {
        "type": "object",
        "properties": {name: whole["properties"][name] for name in names if name in whole["properties"]},
        "required": [name for name in whole.get("required", []) if name in names],
    }
    words = cleandoc(kind.__doc__ or "").split("\n\n")[0]
    if isinstance(kind.audience, Team):
        words += f" Shown with `?event=` to those who hold `{kind.audience.capability.value}` for it."
    return _event(kind.subject, words, payload)


def _event(name: str, words: str, payload: Json) -> Json:
    return {
        "name": name,
        "title": name,
        "summary": words,
        "contentType": "application/json",
        "headers": _ID,
        "payload": payload,
        "tags": [{"name": "gateway"}],
    }
