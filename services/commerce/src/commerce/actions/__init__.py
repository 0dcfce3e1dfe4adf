"""One file per verb: load and lock, decide, save, publish, in one transaction."""
