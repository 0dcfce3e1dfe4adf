"""The main journey, and what its traces tell."""

import time
from collections.abc import Callable, Iterator

import pytest
from tests.e2e.collector import Collector, Span
from tests.e2e.journey import Journey, Stack


@pytest.fixture(scope="module")
def journey(stack: Stack) -> Iterator[Journey]:
    """One journey from beginning to end; it fails the tests by raising the name of the step."""
    with Journey(stack) as taken:
        taken.run()
        yield taken


def test_the_main_journey_goes_all_the_way_through_the_gateway(journey: Journey) -> None:
    names = [name for name, _ in journey.timeline]
    assert len(names) == 25
    assert names[0] == "organiser signs in with a mail code"
    assert names[-1].startswith("Railway's webhook")


def test_one_trace_goes_from_the_providers_webhook_to_the_wallet_and_is_linked_to_the_order(
    journey: Journey, collector: Collector
) -> None:
    if not collector.spans:
        pytest.skip("this platform (LANYARD_URL) does not send its spans here")
    wallet = _wait_for(collector, lambda span: (span.service, span.name) == ("lanyard-wallet", "process pass.issued"))
    trace = [span for span in collector.spans if span.trace_id == wallet.trace_id]
    found = {(span.service, span.name) for span in trace}
    assert {
        ("lanyard-gateway", "POST /v1/payments/webhooks/{provider}"),
        ("lanyard-commerce", "POST /v1/payments/webhooks/{provider}"),
        ("lanyard-commerce", "send order.paid"),
        ("lanyard-events", "process order.paid"),
        ("lanyard-events", "send pass.issued"),
        ("lanyard-wallet", "process pass.issued"),
        ("lanyard-wallet", "send wallet_pass.created"),
    } <= found
    linked = {trace_id for span in trace for trace_id in span.links} - {wallet.trace_id}
    placing = {span.trace_id for span in collector.spans if span.name == "POST /v1/orders"}
    assert linked & placing


def _wait_for(collector: Collector, fits: Callable[[Span], bool]) -> Span:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for span in list(collector.spans):
            if fits(span):
                return span
        time.sleep(0.1)
    seen = sorted({(span.service, span.name) for span in collector.spans})
    pytest.fail(f"no such span within 15 s; seen: {seen}")
