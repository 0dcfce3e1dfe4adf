"""The promise of every message: stored schema and stored sample on one side, today's code on the other."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from common.messages import Message, TicketTierAvailabilityChanged, catalogue, message_class
from common.messages.base import SERVICES
from common.pages import incompatibilities, schema_of
from common.topology import GATEWAY, consumers, streams

SCHEMAS = Path(__file__).parents[1] / "schemas"

every_message = pytest.mark.parametrize("kind", catalogue(), ids=lambda kind: kind.type())


@every_message
def test_todays_class_says_what_the_stored_schema_says(kind: type[Message]) -> None:
    stored = json.loads((SCHEMAS / f"{kind.type()}.json").read_text())
    assert incompatibilities(stored, schema_of(kind)) == []
    assert incompatibilities(schema_of(kind), stored) == [], (
        "run `make docs`: the stored schema is older than the class"
    )


@every_message
def test_todays_class_reads_the_stored_sample(kind: type[Message]) -> None:
    stored = (SCHEMAS / f"{kind.type()}.sample.json").read_text()
    message = kind.parse(stored)
    assert message.sequence == 7
    assert set(json.loads(stored)) <= set(json.loads(message.body()))


@every_message
def test_a_body_that_was_written_is_read_back_equal(kind: type[Message]) -> None:
    message = kind.parse((SCHEMAS / f"{kind.type()}.sample.json").read_text())
    assert kind.parse(message.body()) == message


@every_message
def test_every_message_says_who_when_and_about_what(kind: type[Message]) -> None:
    assert kind.publisher in SERVICES
    assert set(kind.listeners) <= {*SERVICES, GATEWAY} - {kind.publisher}
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.subject)
    assert kind.type() == f"{kind.subject}.v{kind.version}"
    assert (kind.__doc__ or "").strip().endswith(".")
    assert kind.about in kind.model_fields
    assert kind.model_fields[kind.about].is_required()


@every_message
def test_no_message_carries_an_amount_as_a_float(kind: type[Message]) -> None:
    text = json.dumps(schema_of(kind))
    numbers = re.findall(r'"(\w+)": \{[^{}]*"number"', text)
    assert set(numbers) <= {"latitude", "longitude"}


def test_subjects_and_classes_are_named_alike() -> None:
    for kind in catalogue():
        words = "".join(part.capitalize() for part in re.split(r"[._]", kind.subject))
        assert kind.__name__ == words


def test_what_is_written_is_strict() -> None:
    with pytest.raises(ValidationError):
        TicketTierAvailabilityChanged.model_validate(
            {
                "sequence": 1,
                "ticketTierId": "tier_01m7x31szefpcvvad5zvy8zgfk",
                "eventId": "evt_01m7x31szefpcvvad5zvy8zgfk",
                "availability": "few",
                "note": "unknown",
            }
        )


def test_an_unknown_type_has_no_class() -> None:
    assert message_class("order.paid.v99") is None


class TestIncompatibilities:
    """A removed, retyped or newly required field is a new version; a new optional one is not."""

    @pytest.fixture
    def stored(self) -> dict[str, Any]:
        return schema_of(TicketTierAvailabilityChanged)

    def test_the_same_is_compatible(self, stored: dict[str, Any]) -> None:
        assert incompatibilities(stored, stored) == []

    def test_a_new_optional_field_is_compatible(self, stored: dict[str, Any]) -> None:
        newer = copy.deepcopy(stored)
        newer["properties"]["note"] = {"type": "string"}
        assert incompatibilities(stored, newer) == []

    def test_a_new_required_field_is_not(self, stored: dict[str, Any]) -> None:
        newer = copy.deepcopy(stored)
        newer["properties"]["note"] = {"type": "string"}
        newer["required"].append("note")
        assert incompatibilities(stored, newer) == ["note became required"]

    def test_a_removed_field_is_not(self, stored: dict[str, Any]) -> None:
        newer = copy.deepcopy(stored)
        del newer["properties"]["eventId"]
        assert incompatibilities(stored, newer) == ["eventId was removed"]

    def test_a_retyped_field_is_not(self, stored: dict[str, Any]) -> None:
        newer = copy.deepcopy(stored)
        newer["properties"]["sequence"] = {"type": "string"}
        assert incompatibilities(stored, newer) == ["sequence changed its type"]


def test_every_stream_holds_exactly_its_publishers_words() -> None:
    said = {(kind.publisher, kind.subject) for kind in catalogue()}
    assert {(stream.publisher, subject) for stream in streams() for subject in stream.subjects} == said


def test_every_listener_has_a_consumer_for_all_it_hears() -> None:
    for service in SERVICES:
        heard = {subject for consumer in consumers(service) for subject in consumer.subjects}
        assert heard == {kind.subject for kind in catalogue() if service in kind.listeners}
