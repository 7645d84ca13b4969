"""Import the code of a subcommand when it is called: importing all subcommands takes seconds.

Each press of the Tab key starts ``privacy``, and so does ``--help``. This module is the only one of the commands that
imports by name, as click documents for lazy groups. Functions elsewhere import nothing.
"""

from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class LazyCommand(NamedTuple):
    """Where a subcommand is, as ``module:name`` of a function or a group, and its summary in the list of commands."""

    target: str
    summary: str


def load(target: str) -> Any:
    """Import a module and return its attribute, both named as ``module:name``."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


class LazyGroup(TyperGroup):
    """A group that lists its subcommands from a table, and imports a subcommand to run or to complete it."""

    table: ClassVar[dict[str, LazyCommand]]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands.update({name: TyperCommand(name, help=entry.summary) for name, entry in self.table.items()})
        self._pending = set(self.table)

    def load(self, name: str) -> None:
        """Replace the summary of a subcommand by the subcommand."""
        target = load(self.table[name].target)
        if isinstance(target, typer.Typer):
            command: Any = typer.main.get_group(target)
        else:
            single = typer.Typer(rich_markup_mode=None, add_completion=False)
            single.command(name)(target)
            command = typer.main.get_command(single)
        command.name = name
        self.commands[name] = command
        self._pending.discard(name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the subcommand of the first argument, then resolve it."""
        if args[0] in self._pending:
            self.load(args[0])
        return super().resolve_command(ctx, args)
