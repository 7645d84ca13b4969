"""``privacy completion``: print the script that completes commands and options in a shell."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer.completion

_TYPER: Any = typer.completion  # typer documents these functions without exporting them
COMPLETE_VARIABLE = "_PRIVACY_COMPLETE"
"""The variable by which the script of a shell asks the command for completions."""


class Shell(StrEnum):
    """The shells that commands and options can be completed in."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell to print the script for.")]) -> None:
    """Print a script that completes commands and options in a shell.

    bash: eval "$(privacy completion bash)" in ~/.bashrc. zsh: the same in ~/.zshrc, after compinit.
    fish: privacy completion fish > ~/.config/fish/completions/privacy.fish
    """
    typer.echo(_TYPER.get_completion_script(prog_name="privacy", complete_var=COMPLETE_VARIABLE, shell=shell.value))


enable_completion: Callable[[], None] = _TYPER.completion_init
"""Register the functions that answer the scripts of the shells."""
