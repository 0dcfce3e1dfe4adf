"""Every query, each named for the question it answers, split by what it is about. A name with `lock` locks."""
