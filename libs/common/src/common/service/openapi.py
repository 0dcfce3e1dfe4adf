"""A service's API as text, without any connection or secret: what `openapi.json` holds and the gateway's table is checked against."""

import json
from typing import Any

from common.service.app import create_app
from common.service.definition import Service
from common.tokens import SigningKey


def openapi_text(service: Service[Any]) -> str:
    """The OpenAPI document, pretty-printed with sorted keys so that a diff shows just what changed."""
    placeholders: dict[str, Any] = {
        "database_url": "postgresql+psycopg://nobody@127.0.0.1/none",
        "nats_url": "nats://127.0.0.1:4222",
        "nats_user": service.name,
        "nats_password": "",
        "internal_keys": SigningKey.generate().public_jwks(),
    }
    settings = service.settings.for_documents(placeholders)
    return json.dumps(create_app(service, settings).openapi(), indent=2, sort_keys=True) + "\n"
