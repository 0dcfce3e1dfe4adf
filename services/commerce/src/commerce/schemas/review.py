"""A decision on an order that a person must look at."""

from typing import Literal

from common.schemas import Body, Name


class ReviewDecision(Body):
    """Whether the order is completed after all or its money goes back, and why."""

    decision: Literal["complete", "refund"]
    reason: Name
