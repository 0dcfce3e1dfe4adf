"""Tells an app whether it may go on."""

from dataclasses import dataclass

from common.app_versions import Standing, standing
from common.db import Transaction
from releases.domain.client_policy import ClientPolicy, Platform
from releases.store import client_policies


@dataclass(frozen=True, slots=True)
class Told:
    """What an app is told, and the policy it follows from."""

    standing: Standing
    policy: ClientPolicy


async def read_client_policy(tx: Transaction, platform: Platform, version: str | None, build: str | None) -> Told:
    """What an app of that version is told."""
    policy = await client_policies.find(tx, platform)
    return Told(standing(policy, version, build), policy)
