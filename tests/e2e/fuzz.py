"""Schemathesis against the merged document, through the gateway, signed in as an organiser who also administers the platform.

`python -m tests.e2e.fuzz [ROUNDS]` runs it at length against LANYARD_URL (see `journey.py` for the other variables), each round with
another seed; the platform has to be started with LANYARD_RATE_LIMITS raised. `test_the_document_holds.py` runs a short one,
always the same. Either ends with everything that was found.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.e2e.journey import Journey, Person, Stack, photo

SEED = 20261121
THOROUGH = 40

# Each would end or change what the rest of the run stands on: its own sign-in, who may come in, which apps may go on.
_LEFT_OUT = ("POST /v1/auth/sign-out", "PATCH /v1/admin/app-state", "PATCH /v1/client-policy/{platform}")
# For the same reason these are called with ids of nobody.
_NOBODY = {
    "DELETE /v1/me/sign-ins/{signInId}": {"signInId": "sid_01m7x31szefpcvvad5zvy8zgfk"},
    "DELETE /v1/admin/admins/{adminId}": {"adminId": "adm_01m7x31szefpcvvad5zvy8zgfk"},
    "POST /v1/admin/users/{userId}/suspend": {"userId": "usr_01m7x31szefpcvvad5zvy8zgfk"},
}
# These end what others still need.
_ENDS_THEM = (
    "POST /v1/events/{eventId}/cancel",
    "POST /v1/orders/{orderId}/cancel",
    "POST /v1/sandbox/payments/{paymentId}",
    "POST /sandbox/checkout/{paymentId}",
    "DELETE /v1/dp/dps/{dpId}",
    "POST /v1/releases/{releaseId}/publish",
    "POST /v1/releases/{releaseId}/yank",
)
# Bytes that are no picture have the right shape all the same.
_TAKES_PICTURES = ("POST /v1/dp/templates/images", "POST /v1/dp/campaigns/{campaignId}/dps")
# A value may have its schema's shape and still be one that no schema can tell: a cursor of another list, an end before its
# start, a key used for something else. Then the answer is a 422 that points at it.
_FINE_FOR_GOOD_SHAPES = ("2xx", "3xx", "401", "403", "404", "409", "412", "422", "428")


@dataclass(frozen=True)
class Run:
    """What to send."""

    examples: int
    phases: tuple[str, ...]
    seed: int = SEED


@dataclass(frozen=True)
class Found:
    """How it ended: all is well, and what was said."""

    well: bool
    told: str


def fuzz(stack: Stack, run: Run) -> Found:
    """Set the scene, let schemathesis loose on it, and give back what it says."""
    with Journey(stack, say=lambda _: None) as journey, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(_config(set_scene(journey)))
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
        command += [f"{stack.gateway}/openapi.json", f"--seed={run.seed}", f"--max-examples={run.examples}"]
        command += [f"--phases={','.join(run.phases)}", "--generation-database=none", "--no-color"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return Found(done.returncode == 0, done.stdout + done.stderr)


@dataclass(frozen=True)
class Scene:
    """Someone who may do everything, and things that exist, by the names of parameters."""

    organiser: Person
    names: dict[str, str]
    spare: dict[str, str]
    """Others of the same kinds, for what ends them."""


def set_scene(journey: Journey) -> Scene:
    """Found an organisation, and make everything in it twice."""
    organiser = journey.sign_in("admin", journey.stack.admin_email)
    body = {"name": f"Fuzz {journey.mark}", "slug": f"fuzz-{journey.mark}"}
    organization_id = journey.call("POST", "/v1/organizations", organiser, expect=201, json=body).json()["id"]
    names, spare = (_make_all(journey, organiser, organization_id, number) for number in (1, 2))
    return Scene(organiser, names, spare)


def _make_all(journey: Journey, by: Person, organization_id: str, number: int) -> dict[str, str]:
    event_id, tier_id = journey.publish_event(by, organization_id)
    tiers = journey.call("GET", f"/v1/events/{event_id}/ticket-tiers", expect=200).json()["items"]
    (free_tier,) = (tier["id"] for tier in tiers if tier["id"] != tier_id)
    order = _order(journey, by, event_id, tier_id, f"waits-{number}")
    free = _order(journey, by, event_id, free_tier, f"free-{number}")
    key = {"Idempotency-Key": f"fuzz-pay-{number}-{journey.mark}"}
    to_pay = _order(journey, by, event_id, tier_id, f"pays-{number}")
    paying = f"/v1/orders/{to_pay}/payments"
    payment = journey.call("POST", paying, by, expect=201, json={"provider": "sandbox"}, headers=key).json()["id"]

    def passes() -> Any:
        return journey.call("GET", "/v1/passes", by, expect=200, params={"orderId": free}).json()["items"]

    workspace = {"name": f"Fuzz {number}", "slug": f"fuzz-{number}-{journey.mark}"}
    version = f"{datetime.now(UTC):%Y.%j.%H%M%S}{number}"
    release = {"version": version, "channel": "production", "commitHash": "a" * 40, "notes": {"added": ["Doors."]}}
    workspaces = f"/v1/organizations/{organization_id}/workspaces"
    return {
        "organizationId": organization_id,
        "eventId": event_id,
        "ticketTierId": tier_id,
        "orderId": order,
        "paymentId": payment,
        "passId": journey.wait("a pass", passes)[0]["id"],
        "workspaceId": journey.call("POST", workspaces, by, expect=201, json=workspace).json()["id"],
        "releaseId": journey.call("POST", "/v1/releases", by, expect=201, json=release).json()["id"],
        **_make_pictures(journey, by, organization_id, event_id),
    }


def _order(journey: Journey, by: Person, event_id: str, tier_id: str, word: str) -> str:
    wanted = {"eventId": event_id, "lines": [{"ticketTierId": tier_id, "quantity": 1}]}
    return str(journey._order_when_known(by, wanted, {"Idempotency-Key": f"fuzz-{word}-{journey.mark}"})["id"])


def _make_pictures(journey: Journey, by: Person, organization_id: str, event_id: str) -> dict[str, str]:
    template = {"organizationId": organization_id, "name": "Fuzz"}
    template_id = journey.call("POST", "/v1/dp/templates", by, expect=201, json=template).json()["id"]
    wanted = {"eventId": event_id, "templateId": template_id, "name": "Fuzz"}

    def campaign() -> Any:
        answer = journey.http.post("/v1/dp/campaigns", headers=by.headers, json=wanted)
        return answer.json()["id"] if answer.status_code == 201 else None

    campaign_id = journey.wait("the campaign", campaign)
    journey.call("POST", f"/v1/dp/campaigns/{campaign_id}/publish", by, expect=200)
    fields = {"fields": json.dumps({"name": "Ngozi"})}
    files = {"photo": ("me.jpg", photo(), "image/jpeg")}
    path = f"/v1/dp/campaigns/{campaign_id}/dps"
    made = journey.call("POST", path, expect=201, files=files, data=fields).json()
    return {"templateId": template_id, "campaignId": campaign_id, "dpId": made["id"]}


def _config(scene: Scene) -> str:
    """What schemathesis is told, as TOML."""
    token = json.dumps(scene.organiser.token)
    lines = [
        "[warnings]",
        # A run whose sign-in came to its end would find nothing for the wrong reason.
        'fail-on = ["missing_auth"]',
        "[checks]",
        _accepting(*_FINE_FOR_GOOD_SHAPES),
        # 428 (RFC 6585) is what a missing If-Match gets.
        'missing_required_header.expected-statuses = ["400", "401", "403", "422", "428"]',
        "[auth.openapi]",
        *(f"{scheme} = {{ bearer = {token} }}" for scheme in ("accessToken", "machineToken")),
        "[parameters]",
        *(f"{name} = {json.dumps(value)}" for name, value in scene.names.items()),
        "[[operations]]",
        'include-path-regex = "^/v1/cron/"',
        "warnings = false",
    ]
    for operation in _LEFT_OUT:
        lines += _of(operation, "enabled = false")
    for operation, ids in (_NOBODY | dict.fromkeys(_ENDS_THEM, scene.spare)).items():
        named = [f"{name} = {json.dumps(value)}" for name, value in ids.items() if f"{{{name}}}" in operation]
        # What is made in the course of the run is not what these are called with.
        unasked = "checks.ensure_resource_availability.enabled = false"
        lines += _of(operation, f"parameters = {{ {', '.join(named)} }}", unasked)
    for operation in _TAKES_PICTURES:
        lines += _of(operation, "checks." + _accepting(*_FINE_FOR_GOOD_SHAPES, "415"))
    return "\n".join(lines) + "\n"


def _accepting(*statuses: str) -> str:
    return f"positive_data_acceptance.expected-statuses = {json.dumps(statuses)}"


def _of(operation: str, *settings: str) -> list[str]:
    return ["[[operations]]", f"include-name = {json.dumps(operation)}", *settings]


def main(arguments: list[str]) -> int:
    """0 when nothing was found. Each phase signs in anew, for an access token lives five minutes only."""
    rounds = int(arguments[0]) if arguments else 1
    well = True
    for number in range(rounds):
        for phase in ("examples", "coverage", "fuzzing", "stateful") if number == 0 else ("fuzzing", "stateful"):
            found = fuzz(Stack.from_environment(), Run(THOROUGH, (phase,), SEED + number))
            print(found.told, flush=True)
            well = well and found.well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
