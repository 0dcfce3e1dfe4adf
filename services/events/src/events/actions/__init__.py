"""What events does: one verb a file. Load and lock, decide, save, publish, in one transaction."""
