"""What functions refer to, by their source text: every name that a call may reach, and some that none does.

A function refers to what its body, its annotations and its decorators name. A class counts as a whole.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT


class Source(NamedTuple):
    """The top-level definitions of a module by name, and the full names of what it imports by its own names."""

    definitions: dict[str, ast.AST]
    imports: dict[str, str]

    def references(self, module: str, name: str) -> Iterator[str]:
        """Yield the full names of what a definition refers to."""
        for node in ast.walk(self.definitions[name]):
            if isinstance(node, ast.Name):
                yield f"{module}.{node.id}" if node.id in self.definitions else self.imports.get(node.id, "")
            elif isinstance(node, ast.Attribute):
                yield self.full_name(node)

    def full_name(self, node: ast.expr) -> str:
        """Return the full name of an imported name or of a name of an imported module; empty for others."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, "")
        if isinstance(node, ast.Attribute) and (owner := self.full_name(node.value)):
            return f"{owner}.{node.attr}"
        return ""


def read_source(path: Path) -> Source:
    """Read a module."""
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, str] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            imports |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign):
            definitions |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            definitions[node.target.id] = node
    return Source(definitions, imports)


def read_package(name: str) -> dict[str, Source]:
    """Read all modules of a package, by their full names."""
    paths = (ROOT / name).rglob("*.py")
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): read_source(path) for path in paths}


def reached(sources: dict[str, Source], names: Iterable[str]) -> set[str]:
    """Return the full names of all definitions that these refer to, directly or by others."""
    definitions: set[str] = set()
    fresh = set(names)
    while fresh:
        definitions |= fresh
        references = set()
        for full_name in fresh:
            module, _, name = full_name.rpartition(".")
            references |= set(sources[module].references(module, name))
        fresh = {each for each in references if _is_definition(sources, each)} - definitions
    return definitions


def _is_definition(sources: dict[str, Source], full_name: str) -> bool:
    module, _, name = full_name.rpartition(".")
    return module in sources and name in sources[module].definitions
