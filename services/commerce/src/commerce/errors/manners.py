"""What every part of commerce may refuse."""

from common.refusals import NotFound, PreconditionFailed, Refusal, Unprocessable


class UnknownOrganization(NotFound):
    """There is no such organisation, or it is not yours."""

    code = "commerce.unknown_organization"


class MalformedDay(Unprocessable):
    """A day is written as 2026-01-31."""

    code = "commerce.malformed_day"


class InvariantsBroken(Refusal):
    """The books do not add up: {findings}"""

    status = 500
    code = "commerce.invariants_broken"


class IfMatchMissing(Refusal):
    """Send the `ETag` you read in an `If-Match` header, so that nobody's change is lost."""

    status = 428
    code = "commerce.if_match_missing"


class ChangedMeanwhile(PreconditionFailed):
    """This was changed by someone else in the meantime. Read it again, then repeat your change."""

    code = "commerce.changed_meanwhile"
