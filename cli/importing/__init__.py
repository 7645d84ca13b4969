"""``privacy import``: people whom another system knew come in from JSON Lines, one person a line."""

from cli.importing.command import import_people

__all__ = ["import_people"]
