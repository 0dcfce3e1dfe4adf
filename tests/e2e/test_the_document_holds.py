"""What the API's document promises is what the platform does, as far as a stranger with the document alone can tell."""

from tests.e2e.fuzz import Run, fuzz
from tests.e2e.journey import Stack


def test_schemathesis_finds_nothing(stack: Stack) -> None:
    """Scenario 25. Few examples, always of the same seed; `python -m tests.e2e.fuzz` takes its time."""
    found = fuzz(stack, Run(examples=3, phases=("examples", "fuzzing", "stateful")))
    assert found.well, found.told
