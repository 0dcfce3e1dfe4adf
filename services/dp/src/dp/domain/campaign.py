"""A campaign: one design for one event, what makers are asked for, and whether pictures wait for a moderator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dp.domain.template import Template
from dp.domain.wording import printable, suspicious
from dp.errors import FieldMissing, FieldNotAsked, FieldsIncomplete, FieldTooLong

Moderation = Literal["publish", "hold_all"]
CampaignStatus = Literal["draft", "published"]
HeldFor = Literal["policy", "wording", "reports"]

LONGEST_FIELD = 80


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a maker types. `max_length` counts characters as they are printed."""

    name: str
    label: str
    required: bool = True
    max_length: int = LONGEST_FIELD


def asked_fields(template: Template, chosen: tuple[Field, ...] | None) -> tuple[Field, ...]:
    """What makers are asked for: what the organiser chose, else every field of the design, each required.

    Raises FieldsIncomplete when the design shows a field nobody would be asked for.
    """
    if chosen is None:
        return tuple(Field(name, name[:1].upper() + name[1:]) for name in sorted(template.typed_fields))
    missing = template.typed_fields - {field.name for field in chosen}
    if missing:
        raise FieldsIncomplete(missing=", ".join(sorted(missing)), pointer="/fields")
    return chosen


def answers(fields: tuple[Field, ...], typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, made printable. Raises FieldNotAsked, FieldMissing, FieldTooLong with a pointer to the field."""
    known = {field.name for field in fields}
    for name in typed:
        if name not in known:
            raise FieldNotAsked(field=name[:64], pointer=f"/fields/{name[:64]}")
    kept: dict[str, str] = {}
    for field in fields:
        text = printable(typed.get(field.name, ""))
        if not text and field.required:
            raise FieldMissing(label=field.label, pointer=f"/fields/{field.name}")
        if len(text) > field.max_length:
            raise FieldTooLong(
                label=field.label, length=len(text), limit=field.max_length, pointer=f"/fields/{field.name}"
            )
        if text:
            kept[field.name] = text
    return kept


def held_for(moderation: Moderation, words: Mapping[str, str]) -> HeldFor | None:
    """Why a new picture waits for a moderator, or None when it is shown at once."""
    if moderation == "hold_all":
        return "policy"
    return "wording" if any(suspicious(text) for text in words.values()) else None
