"""One file per verb: load and lock → decide → save → say, in one transaction."""
