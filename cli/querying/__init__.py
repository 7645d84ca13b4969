"""``privacy query``: send GraphQL operations to the service, once or for each line of a CSV file."""

from cli.querying.command import query

__all__ = ["query"]
