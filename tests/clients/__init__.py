"""Runs the typed clients and the tools that callers bring, against a running service."""
