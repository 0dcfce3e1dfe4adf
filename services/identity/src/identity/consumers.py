"""What identity listens to."""

from common.db import Transaction
from common.inbox import Handlers
from common.messages import OrderPaid, PaymentFailed, PaymentReviewNeeded
from identity.actions.means import Means
from identity.actions.tell_people import ask_for_review, regret_payment, thank_for_order


def handlers(means: Means) -> Handlers:
    """The table: message → action."""

    async def on_order_paid(tx: Transaction, order: OrderPaid) -> None:
        await thank_for_order(tx, means, order)

    return {
        OrderPaid: on_order_paid,
        PaymentFailed: regret_payment,
        PaymentReviewNeeded: ask_for_review,
    }
