"""What makers are asked for, and when a picture waits."""

import pytest

from common.refusals import NotFound
from dp.domain import presets
from dp.domain.campaign import Field, answers, asked_fields, held_for
from dp.domain.moderation import DpStatus, check_removable, check_visible, held_by_reports
from dp.errors import FieldMissing, FieldNotAsked, FieldsIncomplete, FieldTooLong, NotYours

NAME = Field("name", "Your name", max_length=10)
ROLE = Field("role", "Role", required=False)


def test_a_campaign_asks_for_what_its_design_shows() -> None:
    assert asked_fields(presets.spotlight(), None) == (Field("name", "Name"),)


def test_a_campaign_that_would_leave_a_field_empty_is_refused() -> None:
    with pytest.raises(FieldsIncomplete) as refused:
        asked_fields(presets.spotlight(), (ROLE,))
    assert refused.value.details == {"missing": "name"}
    assert asked_fields(presets.spotlight(), (NAME, ROLE)) == (NAME, ROLE)


def test_answers_are_kept_as_they_are_printed() -> None:
    assert answers((NAME, ROLE), {"name": " A\u200bda  ", "role": " "}) == {"name": "Ada"}


def test_a_required_field_is_not_filled_by_invisible_characters() -> None:
    for typed in ({}, {"name": ""}, {"name": " \u200b\u202e"}):
        with pytest.raises(FieldMissing) as refused:
            answers((NAME,), typed)
        assert (str(refused.value), refused.value.pointer) == ("Your name is needed for this picture.", "/fields/name")


def test_length_is_counted_as_printed() -> None:
    assert answers((NAME,), {"name": "0123456789\u200b  "}) == {"name": "0123456789"}
    with pytest.raises(FieldTooLong) as refused:
        answers((NAME,), {"name": "0123456789x"})
    assert refused.value.details == {"label": "Your name", "length": 11, "limit": 10}


def test_a_field_nobody_asked_for_is_refused() -> None:
    with pytest.raises(FieldNotAsked) as refused:
        answers((NAME,), {"name": "Ada", "event.name": "Mine"})
    assert refused.value.pointer == "/fields/event.name"


def test_a_picture_waits_for_the_campaigns_policy_or_for_its_words() -> None:
    assert held_for("hold_all", {"name": "Ada"}) == "policy"
    assert held_for("publish", {"name": "Ada", "role": "sh1t"}) == "wording"
    assert held_for("publish", {"name": "Ada"}) is None


@pytest.mark.parametrize("status", ["held", "rejected"])
def test_a_picture_that_is_not_ready_is_for_its_maker_and_moderators(status: DpStatus) -> None:
    check_visible(status, owner=True, moderator=False)
    check_visible(status, owner=False, moderator=True)
    with pytest.raises(NotFound):
        check_visible(status, owner=False, moderator=False)


def test_a_ready_picture_is_for_everyone_but_removed_only_by_its_maker_or_a_moderator() -> None:
    check_visible("ready", owner=False, moderator=False)
    check_removable(owner=True, moderator=False)
    check_removable(owner=False, moderator=True)
    with pytest.raises(NotYours):
        check_removable(owner=False, moderator=False)


def test_three_people_hide_a_picture_that_no_moderator_has_judged() -> None:
    assert not held_by_reports("ready", 2, judged=False)
    assert held_by_reports("ready", 3, judged=False)
    assert not held_by_reports("ready", 3, judged=True)
    assert not held_by_reports("rejected", 3, judged=False)
