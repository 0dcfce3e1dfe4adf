"""What the gateway answers at its own addresses, which are no rows of the table: how everything is, and these documents."""

from common.openapi import CONTENT_TAG, NOT_MODIFIED, Json
from gateway.routes import SERVICES

_HEALTH_OF_ONE: Json = {
    "type": "object",
    "properties": {
        "status": {"enum": ["ready", "degraded", "unready", "away"]},
        "dependencies": {"type": "object", "additionalProperties": {"type": "object"}},
    },
    "required": ["status"],
}
_HEALTH: Json = {
    "type": "object",
    "properties": {
        "status": {"enum": ["ready", "degraded"]},
        "services": {
            "type": "object",
            "properties": dict.fromkeys(SERVICES, _HEALTH_OF_ONE),
            "required": list(SERVICES),
        },
        "gateway": {"type": "object", "additionalProperties": {"type": "boolean"}},
    },
    "required": ["status", "services", "gateway"],
}
_READINESS: Json = {
    "type": "object",
    "properties": {
        "service": {"const": "gateway"},
        "status": {"enum": ["ready", "unready"]},
        "dependencies": {"type": "object", "additionalProperties": {"type": "boolean"}},
    },
    "required": ["service", "status", "dependencies"],
}
_ALIVE: Json = {"type": "object", "properties": {"status": {"const": "alive"}}, "required": ["status"]}


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _document(summary: str, kind: str, schema: Json) -> Json:
    answer = {
        "description": "The document.",
        "content": {kind: {"schema": schema}},
        "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
    }
    return {
        "get": {"summary": summary, "parameters": [CONTENT_TAG], "responses": {"200": answer, "304": NOT_MODIFIED[304]}}
    }


OPERATIONS: dict[str, dict[str, Json]] = {
    "/health": {
        "get": {
            "summary": "Health of the whole",
            "description": "200 once every service is ready; who is not is named.",
            "responses": {"200": _json("All is well.", _HEALTH), "503": _json("Something is missing.", _HEALTH)},
        }
    },
    "/healthz": {
        "get": {"summary": "Whether this gateway lives", "responses": {"200": _json("It does.", _ALIVE)}},
    },
    "/readyz": {
        "get": {
            "summary": "Whether this gateway can be of use",
            "responses": {"200": _json("It can.", _READINESS), "503": _json("Not now.", _READINESS)},
        }
    },
    "/openapi.json": _document(
        "This document", "application/json", {"type": "object", "required": ["openapi", "info", "paths"]}
    ),
    "/asyncapi.json": _document(
        "The messages between services, and those of the live stream",
        "application/json",
        {"type": "object", "required": ["asyncapi", "info", "channels"]},
    ),
    "/docs": _document("This document, for people", "text/html", {"type": "string"}),
}
