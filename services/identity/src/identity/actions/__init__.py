"""One file a verb: load and lock, decide, save, say."""
