"""What clients send and what they are answered, split by what it is about."""
