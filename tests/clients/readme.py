"""Runs the Python or the TypeScript example of the README against a service, as a caller would paste it."""

import os
import re
import subprocess
import sys

from tests.conftest import ROOT

EXPECTED = {"python": "True GRANTED", "ts": "true GRANTED"}
TYPESCRIPT = ROOT / "clients" / "typescript"


def example(language: str) -> str:
    """Return the example with the address and the tokens of the service that runs."""
    match = re.search(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert match
    text = match[1].replace("http://127.0.0.1:8000", os.environ["PRIVACY_URL"])
    return text.replace("var/demo-tokens.json", os.environ["PRIVACY_TOKENS"])


def command(language: str, text: str) -> list[str]:
    """Return the command that runs an example; the TypeScript client has to be built."""
    if language == "python":
        return [sys.executable, "-c", text]
    path = TYPESCRIPT / "build" / "readme.mjs"  # inside the package, whose name leads to its own build
    path.write_text(text)
    return ["node", str(path)]


def main(language: str) -> int:
    """Run the example; return the exit status."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "clients" / "python" / "src")}
    done = subprocess.run(
        command(language, example(language)), env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.strip() == EXPECTED[language], done.stdout
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
