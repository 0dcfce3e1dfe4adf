"""What services tell one another, as an AsyncAPI 3.0 document: written from the catalogue of messages, so it cannot lag behind."""

from inspect import cleandoc

from common.messages import Message, catalogue
from common.openapi import Json
from common.samples import sample_body
from common.topology import consumers
from gateway.documents.live_channel import CHANNEL, SERVER, live_channel, live_messages

_ABOUT = """What the services tell one another: CloudEvents 1.0 in NATS binary mode, one subject a kind of news, one JetStream
stream a publisher, kept 14 days. Every message carries the whole public state of what it is about and a `sequence`: a listener makes
its copy equal to it and drops what is older than what it holds. Delivered at least once; `ce-id` tells a repeat."""

_HEADERS: Json = {
    "type": "object",
    "description": "The CloudEvents attributes; values are percent-encoded as the binding says.",
    "properties": {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {"type": "string", "format": "uuid", "description": "of this message; the same when it is sent again"},
        "ce-source": {"type": "string", "pattern": "^/lanyard/[a-z]+$", "description": "who says it"},
        "ce-type": {"type": "string", "description": "what happened, with its version"},
        "ce-subject": {"type": "string", "description": "the id of what it is about"},
        "ce-sequence": {"type": "string", "pattern": "^[0-9]+$", "description": "the body's `sequence`"},
        "ce-time": {"type": "string", "format": "date-time"},
        "Content-Type": {"const": "application/json"},
        "Nats-Msg-Id": {"type": "string", "description": "`ce-id` again: the broker drops repeats by it"},
        "traceparent": {"type": "string", "description": "the trace of the request that led to it (W3C)"},
    },
    "required": [
        "ce-specversion",
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-subject",
        "ce-sequence",
        "ce-time",
        "Nats-Msg-Id",
    ],
}


def asyncapi() -> Json:
    """The whole document."""
    kinds = catalogue()
    schemas: Json = {"CloudEvent": _HEADERS}
    messages = {kind.type(): _message(kind, schemas) for kind in kinds}
    live = live_messages(kinds, schemas)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Lanyard messages", "version": "1", "description": _ABOUT, "tags": _tags(kinds)},
        "defaultContentType": "application/json",
        "servers": {
            "nats": {
                "host": "{host}",
                "protocol": "nats",
                "description": "Inside the house only. Each service has a user that may publish its own subjects alone.",
                "variables": {"host": {"default": "127.0.0.1:8022"}},
                "security": [{"$ref": "#/components/securitySchemes/servicePassword"}],
            },
            "gateway": SERVER,
        },
        "channels": {subject: _channel(subject, kinds) for subject in sorted({kind.subject for kind in kinds})}
        | {CHANNEL: live_channel(live)},
        "operations": _operations(kinds) | {"gateway.tells.live": _telling(live)},
        "components": {
            "messages": messages | live,
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "servicePassword": {"type": "userPassword", "description": "a user and a password for each service"},
                "accessToken": {"type": "http", "scheme": "bearer", "description": "as everywhere at the gateway"},
            },
        },
    }


def _tags(kinds: list[type[Message]]) -> list[Json]:
    publishers = dict.fromkeys(kind.publisher for kind in kinds)
    return [{"name": name, "description": f"what {name} says"} for name in publishers]


def _channel(subject: str, kinds: list[type[Message]]) -> Json:
    versions = [kind for kind in kinds if kind.subject == subject]
    publisher = versions[0].publisher
    return {
        "address": subject,
        "title": subject,
        "servers": [{"$ref": "#/servers/nats"}],
        "messages": {kind.type(): {"$ref": f"#/components/messages/{kind.type()}"} for kind in versions},
        "tags": [{"name": publisher}],
        "x-stream": publisher.upper(),
    }


def _message(kind: type[Message], schemas: Json) -> Json:
    """One message; its parts go to the shared schemas, where references are looked up from anywhere in the document."""
    payload = kind.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    for name, part in payload.pop("$defs", {}).items():
        if schemas.setdefault(name, part) != part:
            raise ValueError(f"two parts of messages are called {name} and differ")
    sentence = cleandoc(kind.__doc__ or "")
    return {
        "name": kind.type(),
        "title": kind.__name__,
        "summary": sentence,
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {"type": "object", "properties": {"ce-type": {"const": kind.type()}}},
            ]
        },
        "payload": payload,
        "correlationId": {
            "location": "$message.header#/traceparent",
            "description": "one trace from request to effect",
        },
        "tags": [{"name": kind.publisher}],
        "examples": [{"name": "invented", "payload": sample_body(kind)}],
    }


def _operations(kinds: list[type[Message]]) -> Json:
    """Who sends and who hears what; a subject's versions are one operation."""
    operations: Json = {}
    for kind in kinds:
        _add(operations, f"{kind.publisher}.sends.{kind.subject}", "send", kind, None)
        for listener in kind.listeners:
            _add(operations, f"{listener}.hears.{kind.subject}", "receive", kind, _consumer(listener, kind.publisher))
    return operations


def _add(operations: Json, name: str, action: str, kind: type[Message], consumer: str | None) -> None:
    channel = f"#/channels/{kind.subject}"
    operation = operations.setdefault(
        name,
        {
            "action": action,
            "channel": {"$ref": channel},
            "messages": [],
            "tags": [{"name": name.split(".", maxsplit=1)[0]}],
        },
    )
    if consumer is not None:
        # Replicas of a listener share one durable consumer, as they would share a queue group.
        operation["bindings"] = {"nats": {"queue": consumer, "bindingVersion": "0.1.0"}}
    operation["messages"].append({"$ref": f"{channel}/messages/{kind.type()}"})


def _telling(live: Json) -> Json:
    channel = f"#/channels/{CHANNEL}"
    messages = [{"$ref": f"{channel}/messages/{name}"} for name in live]
    return {"action": "send", "channel": {"$ref": channel}, "messages": messages, "tags": [{"name": "gateway"}]}


def _consumer(listener: str, publisher: str) -> str | None:
    """The durable consumer by which a service hears another; the gateway has none, each replica reads for itself."""
    names = [each.name for each in consumers(listener) if each.stream == publisher.upper()]
    return names[0] if names else None
