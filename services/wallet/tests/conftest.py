"""Certificates and a service account as the devstack makes them, and the service run on real servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from common.testing import Running, RunService, running
from common.testing.servers import Servers
from devstack.certificates import PASS_TYPE_ID, TEAM_ID, Certificates, make_certificates
from wallet.formats.apple_credentials import AppleCredentials, read_apple_credentials
from wallet.formats.google import GoogleIssuer
from wallet.formats.service_account import read_service_account
from wallet.main import service

ISSUER_ID = "3388000000022000000"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Root → a stand-in for Apple's WWDR → pass certificate, and a Google service account."""
    return make_certificates(tmp_path_factory.mktemp("certificates"), datetime.now(UTC))


@pytest.fixture(scope="session")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The same of somebody else."""
    return make_certificates(tmp_path_factory.mktemp("strangers"), datetime.now(UTC))


@pytest.fixture(scope="session")
def credentials(certificates: Certificates) -> AppleCredentials:
    """What signs the passes of these tests."""
    return read_apple_credentials(
        certificate=(certificates.apple / "certificate.pem").read_bytes(),
        key=(certificates.apple / "key.pem").read_bytes(),
        intermediate=(certificates.apple / "intermediate.pem").read_bytes(),
        pass_type_id=PASS_TYPE_ID,
        team_id=TEAM_ID,
        now=datetime.now(UTC),
    )


@pytest.fixture(scope="session")
def root_pem(certificates: Certificates) -> Path:
    """The root certificate OpenSSL is told to trust."""
    return certificates.apple / "root.pem"


@pytest.fixture(scope="session")
def issuer(certificates: Certificates) -> GoogleIssuer:
    """A Google issuer with the service account."""
    return GoogleIssuer(ISSUER_ID, read_service_account(certificates.google.read_bytes()))


@pytest.fixture
def run(servers: Servers, certificates: Certificates) -> RunService:
    """The wallet service with both wallets configured; Google's API only where a test names one."""

    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Running]:
        settings = {
            "public_url": "https://lanyard.test",
            "apple_certificate_file": certificates.apple / "certificate.pem",
            "apple_key_file": certificates.apple / "key.pem",
            "apple_intermediate_file": certificates.apple / "intermediate.pem",
            "apple_pass_type_id": PASS_TYPE_ID,
            "apple_team_id": TEAM_ID,
            "google_issuer_id": ISSUER_ID,
            "google_service_account_file": certificates.google,
            **options.pop("settings", {}),
        }
        async with running(service, servers, settings=settings, **options) as world:
            yield world

    return start
