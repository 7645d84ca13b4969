"""``privacy schema``: print the GraphQL schema, or compare it with its file."""

from pathlib import Path
from typing import Annotated

import typer

from api.graphql.schema import print_schema
from api.settings import UnsafeSettingError


def schema(
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare the schema with schema.graphql; exit with status 2 when they differ."),
    ] = False,
) -> None:
    """Print the GraphQL schema of the code.

    To update the file: privacy schema > schema.graphql
    """
    if not check:
        typer.echo(print_schema(), nl=False)
    elif Path("schema.graphql").read_text() != print_schema():
        raise UnsafeSettingError(
            "schema.graphql differs from the schema of the code: run `privacy schema > schema.graphql`"
        )
