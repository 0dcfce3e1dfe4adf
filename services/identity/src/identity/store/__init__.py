"""Every query, each named for the question it answers; `lock_…` locks the row until the transaction ends."""
