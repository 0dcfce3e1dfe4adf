"""Every query, each named for the question it answers."""
