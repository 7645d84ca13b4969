"""Writes what is generated from schema.graphql; with --check, compares it and writes nothing."""

import subprocess
import sys
from pathlib import Path

from graphql import build_schema, parse, validate

from clients.generator.documents import DocumentWriter
from clients.generator.python import python_modules

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "clients"
PYTHON = CLIENTS / "python" / "src" / "privacy_client" / "generated"
TASKS = CLIENTS / "operations" / "tasks.graphql"
GENERATED = CLIENTS / "operations" / "generated.graphql"


def formatted(path: Path, text: str) -> str:
    """Return Python source in the format of the project."""
    ruff = Path(sys.executable).with_name("ruff")
    arguments = [str(ruff), "format", "--quiet", "--stdin-filename", str(path), "-"]
    return subprocess.run(arguments, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def generated_files() -> dict[Path, str]:
    """Return the text of each generated file."""
    schema = build_schema((ROOT / "schema.graphql").read_text())
    operations = DocumentWriter(schema).write()
    document = parse(f"{operations}\n{TASKS.read_text()}")
    errors = validate(schema, document)
    if errors:
        raise ExceptionGroup("The operations do not fit the schema.", errors)
    modules = {PYTHON / name: text for name, text in python_modules(schema, document).items()}
    return {GENERATED: operations, **{path: formatted(path, text) for path, text in modules.items()}}


def stale_files(texts: dict[Path, str]) -> list[Path]:
    """Return the files whose text differs from the one that is generated."""
    return [path for path, text in texts.items() if not path.exists() or path.read_text() != text]


def main(arguments: list[str]) -> int:
    """Write or compare the files; return the exit status."""
    texts = generated_files()
    stale = stale_files(texts)
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of step with schema.graphql: `make generate`.\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
