"""Paystack: the buyer is sent to its page, and what became of the payment is verified by our own reference."""
