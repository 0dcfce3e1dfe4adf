"""What dp does, one verb a file: load and lock, decide, save, say."""
