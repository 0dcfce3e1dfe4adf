"""What identity listens to."""

from common.db import Transaction
from common.inbox import Handlers
from common.messages import (
    OrderPaid,
    OrderRejected,
    OrderResendRequested,
    PaymentFailed,
    PaymentReviewNeeded,
    WaitingListPlacesOffered,
    WebhookEndpointDisabled,
)
from identity.actions.means import Means
from identity.actions.tell_people import (
    ask_for_review,
    regret_payment,
    send_order_again,
    tell_of_lost_webhook,
    tell_of_offer,
    tell_of_rejection,
    thank_for_order,
)


def handlers(means: Means) -> Handlers:
    """The table: message → action."""

    async def on_order_paid(tx: Transaction, order: OrderPaid) -> None:
        await thank_for_order(tx, means, order)

    async def on_order_rejected(tx: Transaction, order: OrderRejected) -> None:
        await tell_of_rejection(tx, means, order)

    async def on_resend_requested(tx: Transaction, order: OrderResendRequested) -> None:
        await send_order_again(tx, means, order)

    async def on_places_offered(tx: Transaction, offer: WaitingListPlacesOffered) -> None:
        await tell_of_offer(tx, means, offer)

    return {
        OrderPaid: on_order_paid,
        OrderRejected: on_order_rejected,
        OrderResendRequested: on_resend_requested,
        WaitingListPlacesOffered: on_places_offered,
        PaymentFailed: regret_payment,
        PaymentReviewNeeded: ask_for_review,
        WebhookEndpointDisabled: tell_of_lost_webhook,
    }
