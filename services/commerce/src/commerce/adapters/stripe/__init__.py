"""Stripe: the buyer pays on its Checkout page; what became of it is asked of the PaymentIntent behind that."""
