"""What each process is told through its environment: addresses, keys, and where it may write. The processes read nothing else."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from devstack.certificates import ISSUER_ID, PASS_TYPE_ID, TEAM_ID, Certificates
from devstack.servers.ports import LOOPBACK
from devstack.stack import SERVICES, Stack

Environment = dict[str, str]

# Who reads the release history at the end of the journey; the demo puts the address on the list of administrators.
JOURNEY_ADMIN = "release-manager@example.org"


def service_environment(stack: Stack, service: str) -> Environment:
    """One service's whole environment."""
    storage = stack.state / "storage" / service
    storage.mkdir(parents=True, exist_ok=True)
    return {
        **_inherited(),
        **_process(stack, service),
        "LANYARD_DATABASE_URL": _database_url(stack, service, service),
        "LANYARD_MIGRATIONS_DATABASE_URL": _database_url(stack, service, f"{service}_owner"),
        "LANYARD_INTERNAL_KEYS": stack.secrets.key("internal-signing-key").public_jwks(),
        "LANYARD_CRON_SECRET": stack.secrets.word("cron-secret"),
        "LANYARD_STORAGE_URL": storage.as_uri(),
        "LANYARD_CONSUMERS": "off" if service in os.environ.get("LANYARD_WITHOUT_CONSUMERS", "").split(",") else "on",
        **_SPECIFIC[service](stack),
    }


def gateway_environment(stack: Stack, name: str) -> Environment:
    """The environment of the gateway, or of a further one (`gateway-2`)."""
    upstreams = {service: [stack.address(service)] for service in SERVICES}
    return {
        **_inherited(),
        **_process(stack, name),
        "LANYARD_NATS_USER": "gateway",
        "LANYARD_NATS_PASSWORD": stack.secrets.word("nats gateway"),
        "LANYARD_INTERNAL_SIGNING_KEY": stack.secrets.key("internal-signing-key").private_json(),
        "LANYARD_UPSTREAMS": json.dumps(upstreams),
        "LANYARD_REPLICA": name,
        "LANYARD_LOOPBACK_EXEMPT": "on",
    }


def mailbox_environment(stack: Stack) -> Environment:
    """The mail catcher's."""
    return {
        **_inherited(),
        "LANYARD_HOST": LOOPBACK,
        "LANYARD_PORT": str(stack.port("mailbox")),
        "LANYARD_SMTP_PORT": str(stack.port("smtp")),
        "LANYARD_MAILBOX_DIR": str(stack.state / "mailbox"),
    }


def provisioner_environment(stack: Stack) -> Environment:
    """For `python -m common.provision`, which makes streams and consumers."""
    return {
        **_inherited(),
        "LANYARD_NATS_URL": _nats_url(stack),
        "LANYARD_NATS_USER": "provisioner",
        "LANYARD_NATS_PASSWORD": stack.secrets.word("nats provisioner"),
    }


def nats_environment(stack: Stack, config: Path) -> Environment:
    """A password for every user the configuration names."""
    users = re.findall(r"\$LANYARD_NATS_PASSWORD_([A-Z_]+)", config.read_text())
    return {f"LANYARD_NATS_PASSWORD_{user}": stack.secrets.word(f"nats {user.lower()}") for user in users}


def journey_environment(stack: Stack) -> Environment:
    """For the journey, which sees what an app and a mail reader see, Railway's secret address, and who administers."""
    return {
        **_inherited(),
        "LANYARD_URL": stack.address("gateway"),
        "LANYARD_MAILBOX_URL": stack.address("mailbox"),
        "LANYARD_ADMIN_EMAIL": JOURNEY_ADMIN,
        "LANYARD_RAILWAY_SECRET": stack.secrets.word("railway-secret"),
        "LANYARD_APPLE_ROOT": str(Certificates(stack.state / "certificates").apple / "root.pem"),
    }


def _process(stack: Stack, name: str) -> Environment:
    """What every process of ours that serves HTTP is told."""
    return {
        "LANYARD_HOST": LOOPBACK,
        "LANYARD_PORT": str(stack.port(name)),
        "LANYARD_PUBLIC_URL": stack.public_url,
        "LANYARD_NATS_URL": _nats_url(stack),
        "LANYARD_NATS_USER": name,
        "LANYARD_NATS_PASSWORD": stack.secrets.word(f"nats {name}"),
        "LANYARD_METRICS_TOKEN": "",
        "LANYARD_LOG_FORMAT": os.environ.get("LANYARD_LOG_FORMAT", "console"),
    }


def _identity(stack: Stack) -> Environment:
    return {
        "LANYARD_SMTP_URL": f"smtp://{LOOPBACK}:{stack.port('smtp')}",
        "LANYARD_ACCESS_TOKEN_KEY": stack.secrets.key("access-token-key").private_json(),
        "LANYARD_CODE_PEPPER": stack.secrets.word("code-pepper"),
        "LANYARD_LOOPBACK_EXEMPT": "on",
    }


def _events(stack: Stack) -> Environment:
    return {"LANYARD_PASS_CODE_KEY": stack.secrets.key("pass-code-key").private_json()}


def _commerce(stack: Stack) -> Environment:
    return {
        "LANYARD_SANDBOX_PAYMENTS": "on",
        "LANYARD_WEBHOOK_SEALING_KEYS": stack.secrets.word("webhook-sealing-key"),
        "LANYARD_SANDBOX_WEBHOOK_SECRET": stack.secrets.word("sandbox-webhook-secret"),
        # Nothing here calls the internet by itself.
        "LANYARD_TAX_AUTHORITY_URL": "",
    }


def _wallet(stack: Stack) -> Environment:
    certificates = Certificates(stack.state / "certificates")
    return {
        "LANYARD_APPLE_PASS_TYPE_ID": PASS_TYPE_ID,
        "LANYARD_APPLE_TEAM_ID": TEAM_ID,
        "LANYARD_APPLE_CERTIFICATE_FILE": str(certificates.apple / "certificate.pem"),
        "LANYARD_APPLE_KEY_FILE": str(certificates.apple / "key.pem"),
        "LANYARD_APPLE_INTERMEDIATE_FILE": str(certificates.apple / "intermediate.pem"),
        "LANYARD_GOOGLE_ISSUER_ID": ISSUER_ID,
        "LANYARD_GOOGLE_SERVICE_ACCOUNT_FILE": str(certificates.google),
    }


def _releases(stack: Stack) -> Environment:
    return {"LANYARD_RAILWAY_SECRETS": stack.secrets.word("railway-secret")}


_SPECIFIC: dict[str, Callable[[Stack], Environment]] = {
    "identity": _identity,
    "events": _events,
    "commerce": _commerce,
    "dp": lambda _stack: {},
    "wallet": _wallet,
    "releases": _releases,
}


def _database_url(stack: Stack, database: str, role: str) -> str:
    password = stack.secrets.word(f"postgres {role}")
    return f"postgresql+psycopg://{role}:{password}@{LOOPBACK}:{stack.port('postgres')}/{database}"


def _nats_url(stack: Stack) -> str:
    return f"nats://{LOOPBACK}:{stack.port('nats')}"


def _inherited() -> Environment:
    """The person's own environment, without what would lead a database client elsewhere."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**ours, "PYTHONUNBUFFERED": "1"}
