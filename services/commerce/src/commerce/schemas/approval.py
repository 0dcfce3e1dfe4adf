"""What organisers decide of orders that wait for them."""

from typing import Annotated

from pydantic import StringConstraints

from common.schemas import Body, Prose


class Rejection(Body):
    """Why not. The buyer reads it."""

    reason: Annotated[Prose, StringConstraints(min_length=1, max_length=500)]
