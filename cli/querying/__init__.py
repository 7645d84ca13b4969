"""``privacy query``: scripted operations through the service's API, once or for each line of a CSV file."""

from cli.querying.command import query

__all__ = ["query"]
