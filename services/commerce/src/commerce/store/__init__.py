"""Every query of commerce, each named for the question it answers. What locks says so in its name."""
