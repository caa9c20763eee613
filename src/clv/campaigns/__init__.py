"""What to do about it, and whether it paid."""
