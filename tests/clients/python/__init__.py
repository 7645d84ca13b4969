"""Scripts of Python tools that callers bring; each runs in an environment of its own."""
