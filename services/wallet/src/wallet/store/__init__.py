"""Every query, each named for the question it answers: `copies` for what others say, `wallet_passes` for our own."""
