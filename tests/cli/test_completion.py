"""The shells complete commands and options with the scripts that ``privacy completion`` prints."""

import shutil
import sys
from pathlib import Path

import anyio
import pytest

from tests.cli.commands import environment, privacy

# Each asks as its shell does when the Tab key is pressed after the words.
QUESTIONS = {
    "bash": """
eval "$(cat script)"
COMP_WORDS=(@typed) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
$(complete -p privacy | sed 's/.*-F \\([^ ]*\\) .*/\\1/') privacy "${COMP_WORDS[@]: -1}" "${COMP_WORDS[@]: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
""",
    "zsh": """
compdef() { }
_describe() { :; }
_arguments() { print -r -- "$@"; }
words=(@typed)
source ./script
env _TYPER_COMPLETE_ARGS="@typed" _PRIVACY_COMPLETE=complete_zsh privacy
""",
    "fish": """
source ./script
complete --do-complete "@typed"
""",
}
pytestmark = pytest.mark.anyio


async def demand_completed(shell: str, words: str, expected: str, at: Path) -> None:
    """Assert that a shell with its script of ``privacy`` completes the words."""
    program = shutil.which(shell)
    if not program:
        pytest.skip(f"{shell} is not installed: tests/install-peers.sh")
    result = await privacy("completion", shell, at=at)
    assert result.code == 0, result.errors
    (at / "script").write_text(result.out)
    variables = environment()
    variables["PATH"] = f"{Path(sys.executable).parent}:{variables['PATH']}"
    question = QUESTIONS[shell].replace("@typed", words)
    process = await anyio.run_process([program, "-c", question], cwd=at, env=variables, check=False)
    assert expected in process.stdout.decode(), process.stderr


@pytest.mark.parametrize("shell", QUESTIONS)
async def test_a_shell_completes_a_command(shell: str, tmp_path: Path) -> None:
    await demand_completed(shell, "privacy mig", "migrations", tmp_path)


@pytest.mark.parametrize("shell", QUESTIONS)
async def test_a_shell_completes_a_command_of_a_subcommand(shell: str, tmp_path: Path) -> None:
    """The subcommand is imported for it, by some shells more than once."""
    await demand_completed(shell, "privacy audit ver", "verify", tmp_path)


async def test_another_shell_is_refused(tmp_path: Path) -> None:
    result = await privacy("completion", "csh", at=tmp_path)
    assert result.code == 2
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in result.errors
