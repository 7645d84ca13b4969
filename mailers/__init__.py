"""Letters: what we owe the person."""
