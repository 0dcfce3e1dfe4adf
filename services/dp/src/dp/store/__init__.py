"""Every query of dp, each named for the question it answers. `lock_…` holds the row until the transaction ends."""
