"""Partial changes: a field that was left out and one that was set to null are two things."""

from common.schemas import Body


def refuse_null(body: Body, *names: str) -> None:
    """Raise ValueError when one of these fields was sent as null."""
    for name in names:
        if name in body.model_fields_set and getattr(body, name) is None:
            raise ValueError(f"{name} cannot be null")
