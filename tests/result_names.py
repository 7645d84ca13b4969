"""The rule that variables, parameters and functions have no bare participle as their name."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

PARTICIPLES = {"asked", "found", "given", "made", "said", "taken", "told", "wanted"}
"""Participles that name no thing: ``found`` may be a row, an error or a count."""

_WRITTEN = re.compile(rf"\b_*(?:{'|'.join(PARTICIPLES)})_*\b")


class NameUse(NamedTuple):
    """A name that is bound at a line of a file."""

    path: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name} is a participle: name the thing"


def participle_names(source: str, path: str = "") -> Iterator[NameUse]:
    """Yield the bare participles that Python source binds."""
    if not _WRITTEN.search(source):  # parsing takes most of the time
        return
    for node in ast.walk(ast.parse(source)):
        name = _bound_name(node)
        if name and name.strip("_") in PARTICIPLES:
            yield NameUse(path, getattr(node, "lineno", 0), name)


def _bound_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.attr
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ExceptHandler):
        return node.name
    return node.arg if isinstance(node, ast.arg) else None
