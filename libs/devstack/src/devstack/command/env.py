"""Print secrets and settings for a try-out with docker compose: ./lanyard env > .env. Bring your own in production."""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

from devstack.certificates import ISSUER_ID, PASS_TYPE_ID, TEAM_ID, make_certificates
from devstack.secrets import Secrets
from devstack.stack import SERVICES, Stack, wanted_stack
from devstack.terminal import Terminal

HELP = "print secrets for docker compose: ./lanyard env > .env"


def configure(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """0; the same secrets every time."""
    print("# Written by ./lanyard env for a try-out on one machine. Never for production.")
    for name, value in compose_environment(wanted_stack()).items():
        # Quoted: JSON would otherwise be read apart. No value holds a single quote.
        print(f"{name}='{value}'")
    return 0


def compose_environment(stack: Stack) -> dict[str, str]:
    """Every variable docker-compose.yml demands, and those that make the profile `dev` behave like the devstack."""
    folder = stack.state / "compose"
    secrets = Secrets(folder / "secrets.json")
    return {
        **_passwords(secrets),
        **_keys(secrets),
        "LANYARD_CODE_PEPPER": secrets.word("code-pepper"),
        "LANYARD_CRON_SECRET": secrets.word("cron-secret"),
        "LANYARD_METRICS_TOKEN": secrets.word("metrics-token"),
        "LANYARD_RAILWAY_SECRETS": secrets.word("railway-secret"),
        "LANYARD_SMTP_URL": "smtp://mailbox:8026",
        "LANYARD_SANDBOX_PAYMENTS": "on",
        "LANYARD_WEBHOOK_SEALING_KEYS": secrets.word("webhook-sealing-key"),
        "LANYARD_SANDBOX_WEBHOOK_SECRET": secrets.word("sandbox-webhook-secret"),
        "LANYARD_LOOPBACK_EXEMPT": "on",
        "LANYARD_APPLE_PASS_TYPE_ID": PASS_TYPE_ID,
        "LANYARD_APPLE_TEAM_ID": TEAM_ID,
        "LANYARD_GOOGLE_ISSUER_ID": ISSUER_ID,
        "LANYARD_CERTIFICATES": str(_readable_certificates(stack, folder / "certificates")),
    }


def _passwords(secrets: Secrets) -> dict[str, str]:
    word, users = secrets.word, (*SERVICES, "gateway", "provisioner")
    return {
        "POSTGRES_PASSWORD": word("postgres postgres"),
        **{f"LANYARD_OWNER_PASSWORD_{name.upper()}": word(f"postgres {name}_owner") for name in SERVICES},
        **{f"LANYARD_APP_PASSWORD_{name.upper()}": word(f"postgres {name}") for name in SERVICES},
        **{f"LANYARD_NATS_PASSWORD_{name.upper()}": word(f"nats {name}") for name in users},
    }


def _keys(secrets: Secrets) -> dict[str, str]:
    internal = secrets.key("internal-signing-key")
    return {
        "LANYARD_INTERNAL_KEYS": internal.public_jwks(),
        "LANYARD_INTERNAL_SIGNING_KEY": internal.private_json(),
        "LANYARD_ACCESS_TOKEN_KEY": secrets.key("access-token-key").private_json(),
        "LANYARD_PASS_CODE_KEY": secrets.key("pass-code-key").private_json(),
    }


def _readable_certificates(stack: Stack, copy: Path) -> Path:
    """A copy that a container's user can read, below a folder that nobody else can enter. No phone trusts them."""
    made = make_certificates(stack.state / "certificates", datetime.now(UTC))
    shutil.copytree(made.directory, copy, dirs_exist_ok=True)
    copy.parent.chmod(0o700)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy
