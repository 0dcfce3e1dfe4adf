"""Reads Railway's webhooks: the format documented until November 2025, the one since, and the spellings seen in between.

Source: Railway's documentation of webhooks before and after 21 November 2025, and what public receivers recorded. Its own
sample says type `Deployment.failed` with status `SUCCESS`: the type is the truth. Its test button sends placeholders.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from releases.domain.deployment import Report
from releases.domain.untrusted_text import clean_line, clean_prose
from releases.domain.words import UNKNOWN, squashed, word_of
from releases.errors import UnreadableReport

PROVIDER = "railway"

_PLACEHOLDER = re.compile(r"<.*>|\.{2,}|…|0{8}-(?:0{4}-){3}0{12}|\{.*\}")
_PLACEHOLDER_WORDS = frozenset({"deploymentid", "example", "id", "placeholder", "string", "test", "testdeployment"})
_PULL_REQUEST = re.compile(r"(?:^|[-_/ ])pr[-_ ]?#?\d+$", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A webhook that says nothing of a deployment."""

    reason: Literal["placeholder", "not_a_deployment"]


def read_webhook(payload: Mapping[str, Any]) -> Report | Ignored:
    """What a webhook says. Raises UnreadableReport when it is in neither format."""
    kind = _text(payload, "type")
    if kind is None:
        raise UnreadableReport(missing="type", pointer="/type")
    if isinstance(payload.get("resource"), Mapping):
        return _read_new(payload, kind)
    return _read_old(payload, kind)


def _read_new(payload: Mapping[str, Any], kind: str) -> Report | Ignored:
    resource, details = _object(payload, "resource"), _object(payload, "details")
    bare = squashed(kind)
    if not bare.startswith("deployment"):
        return Ignored("not_a_deployment")
    spoken = bare.removeprefix("deployment").strip(".") or _text(details, "status") or UNKNOWN
    places = [_object(resource, name) for name in ("deployment", "project", "environment", "service")]
    deployment, project, environment, service = places
    external_id = _text(deployment, "id") or _text(details, "id")
    if external_id is None:
        raise UnreadableReport(missing="resource.deployment.id", pointer="/resource/deployment/id")
    if _is_placeholder(external_id) or any(_is_placeholder(_text(place, "id") or "-") for place in places):
        return Ignored("placeholder")
    return _report(external_id, spoken, payload, project, environment, service, details)


def _read_old(payload: Mapping[str, Any], kind: str) -> Report | Ignored:
    deployment = _object(payload, "deployment")
    if not deployment:
        raise UnreadableReport(missing="deployment", pointer="/deployment")
    status = _text(payload, "status") or _text(deployment, "status")
    bare = squashed(kind)
    said = "" if bare == "deploy" else bare.removeprefix("deployment").strip(".")
    spoken = said or status or UNKNOWN
    external_id = _text(deployment, "id")
    if external_id is None:
        raise UnreadableReport(missing="deployment.id", pointer="/deployment/id")
    if _is_placeholder(external_id):
        return Ignored("placeholder")
    project, environment, service = (_object(payload, name) for name in ("project", "environment", "service"))
    return _report(external_id, spoken, payload, project, environment, service, _object(deployment, "meta"))


def _report(
    external_id: str,
    spoken: str,
    payload: Mapping[str, Any],
    project: Mapping[str, Any],
    environment: Mapping[str, Any],
    service: Mapping[str, Any],
    commit: Mapping[str, Any],
) -> Report:
    environment_name = _said(environment, "name")
    return Report(
        provider=PROVIDER,
        external_id=external_id,
        word=word_of(spoken),
        reported_at=_moment(payload.get("timestamp")),
        project=_said(project, "name"),
        service=_said(service, "name"),
        environment=environment_name,
        ephemeral=_ephemeral(environment, environment_name),
        source=_said(commit, "source"),
        branch=_said(commit, "branch"),
        commit_hash=_commit_hash(commit),
        commit_message=_message(commit),
        commit_author=_said(commit, "commitAuthor"),
    )


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(parent: Mapping[str, Any], name: str) -> str | None:
    value = parent.get(name)
    return clean_line(value) if isinstance(value, str) else None


def _said(parent: Mapping[str, Any], name: str) -> str | None:
    """The text, unless it is a placeholder of the vendor's sample."""
    text = _text(parent, name)
    return None if text is None or _PLACEHOLDER.fullmatch(text) else text


def _message(commit: Mapping[str, Any]) -> str | None:
    value = commit.get("commitMessage")
    text = clean_prose(value) if isinstance(value, str) else None
    return None if text is None or _PLACEHOLDER.fullmatch(text) else text


def _commit_hash(commit: Mapping[str, Any]) -> str | None:
    text = (_text(commit, "commitHash") or "").lower()
    return text if _HASH.fullmatch(text) else None


def _ephemeral(environment: Mapping[str, Any], name: str | None) -> bool | None:
    """The old format does not say; environments of pull requests are known by their name there."""
    said = environment.get("isEphemeral")
    if isinstance(said, bool):
        return said
    return True if name and _PULL_REQUEST.search(name) else None


def _is_placeholder(identity: str) -> bool:
    return bool(_PLACEHOLDER.fullmatch(identity)) or squashed(identity) in _PLACEHOLDER_WORDS


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
