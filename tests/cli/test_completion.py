"""The shells complete commands and options with the scripts that ``privacy completion`` prints."""

import shutil
import sys
from pathlib import Path

import anyio
import pytest

from tests.cli.commands import environment, privacy

# Each asks as its shell does when the Tab key is pressed.
QUESTIONS = {
    "bash": """
eval "$(cat script)"
COMP_WORDS=(privacy audit ver) COMP_CWORD=2
$(complete -p privacy | sed 's/.*-F \\([^ ]*\\) .*/\\1/') privacy ver audit
printf '%s\\n' "${COMPREPLY[@]}"
""",
    "zsh": """
compdef() { }
_describe() { :; }
_arguments() { print -r -- "$@"; }
words=(privacy audit ver)
source ./script
env _TYPER_COMPLETE_ARGS="privacy audit ver" _PRIVACY_COMPLETE=complete_zsh privacy
""",
    "fish": """
source ./script
complete --do-complete "privacy audit ver"
""",
}
pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("shell", QUESTIONS)
async def test_a_shell_completes_a_command(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if not program:
        pytest.skip(f"{shell} is not installed: tests/install-peers.sh")
    result = await privacy("completion", shell, at=tmp_path)
    assert result.code == 0, result.errors
    (tmp_path / "script").write_text(result.out)
    variables = environment()
    variables["PATH"] = f"{Path(sys.executable).parent}:{variables['PATH']}"
    process = await anyio.run_process([program, "-c", QUESTIONS[shell]], cwd=tmp_path, env=variables, check=False)
    assert b"verify" in process.stdout, process.stderr


async def test_another_shell_is_refused(tmp_path: Path) -> None:
    result = await privacy("completion", "csh", at=tmp_path)
    assert result.code == 2
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in result.errors
