"""`/status.json` in the API document."""

from typing import Any

from gateway.routes import SERVICES

Json = dict[str, Any]

_COUNT: Json = {"type": "integer", "minimum": 0}
_STATE: Json = {"enum": ["ready", "degraded", "unready", "away"]}
_SERVICE: Json = {
    "type": "object",
    "properties": {
        "status": _STATE,
        "dependencies": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"status": {"enum": ["ok", "late", "away"]}},
                "required": ["status"],
            },
        },
        "outboxOldestUnsentSeconds": {"type": "number", "minimum": 0},
        "outboxSetAside": _COUNT,
        "deadLetters": _COUNT,
        "consumerLag": {"type": "object", "additionalProperties": _COUNT},
        "drift": _COUNT,
        "road": {
            "type": "object",
            "properties": {
                "open": {"type": "boolean"},
                "replicas": {"type": "integer"},
                "asked": {"type": "integer"},
                "underWay": {"type": "integer"},
            },
            "required": ["open", "replicas", "asked", "underWay"],
        },
        "past": {"type": "array", "items": _STATE},
    },
    "required": ["status", "road", "past"],
}
_GATEWAY: Json = {
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "mood": {"enum": ["good", "warn", "bad"]},
                    "words": {"type": "string"},
                },
                "required": ["name", "mood", "words"],
            },
        },
        "requestsUnderWay": {"type": "integer"},
        "upSeconds": {"type": "integer"},
        "version": {"type": "string"},
    },
    "required": ["facts", "requestsUnderWay", "upSeconds", "version"],
}
_PICTURE: Json = {
    "type": "object",
    "properties": {
        "at": {"type": "string", "format": "date-time"},
        "status": {"enum": ["well", "limited", "broken"]},
        "services": {
            "type": "object",
            "properties": dict.fromkeys(SERVICES, _SERVICE),
            "required": list(SERVICES),
        },
        "gateway": _GATEWAY,
        "pastStepSeconds": {"type": "number"},
    },
    "required": ["at", "status", "services", "gateway", "pastStepSeconds"],
}

OPERATIONS: dict[str, dict[str, Json]] = {
    "/status": {
        "get": {
            "summary": "How everything is, for people",
            "responses": {
                "200": {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}}
            },
        }
    },
    "/status.json": {
        "get": {
            "summary": "How everything is, for programs",
            "description": "What `/status` shows: states and counts of every service, of what it needs, and of this gateway.",
            "responses": {
                "200": {"description": "One look.", "content": {"application/json": {"schema": _PICTURE}}},
            },
        }
    },
}
