"""What a call to the outside can come to: an answer, or one of the reasons why there is none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.refusals import BadGateway, Unavailable, Unprocessable


class DestinationRefused(Unprocessable):
    """The address at {host} is not one this platform calls: {reason}."""

    code = "outgoing.destination_refused"


class DestinationUnreachable(Unavailable):
    """{host} could not be reached. Nothing was sent."""

    code = "outgoing.destination_unreachable"


class NoAnswer(Unavailable):
    """{host} gave no complete answer in time. It may have carried out the request."""

    code = "outgoing.no_answer"


class AnswerTooLarge(BadGateway):
    """{host} answered with more than {limit} bytes."""

    code = "outgoing.answer_too_large"


class AnswerEncoded(BadGateway):
    """{host} compressed its answer although it was asked not to."""

    code = "outgoing.answer_encoded"


class AnswerMalformed(BadGateway):
    """{host} answered with something that is not JSON."""

    code = "outgoing.answer_malformed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said. Any status, redirects included, is an answer."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises AnswerMalformed."""
        try:
            return json.loads(self.body)
        except ValueError as malformed:
            raise AnswerMalformed(host=self.host) from malformed
