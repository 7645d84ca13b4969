"""Reads the examples of the documents, and compares the answers that they show with real answers."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"

_STEP = re.compile(
    r"^As `(?P<role>[A-Z]+)`(?:, for case `(?P<case>[^`]+)`)?, "
    r"\[(?P<operation>[a-z0-9-]+\.graphql)\]\(\.\./examples/(?P=operation)\)"
    r"(?: with \[(?P<variables>[a-z0-9-]+\.json)\]\(\.\./examples/(?P=variables)\))?:\n\n"
    r"(?P<embedded>```graphql\n.*?)"
    r"Answer(?: \((?P<status>\d+)\))?:\n\n```json\n(?P<answer>.*?)```$",
    re.MULTILINE | re.DOTALL,
)
_CURL = re.compile(r"^```sh\n(?P<command>curl .*?)```\n\n```json\n(?P<answer>.*?)```$", re.MULTILINE | re.DOTALL)
_GENERATED_VALUES = (
    re.compile(r"[a-z]{3}_[0-9a-f]{32}"),
    re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z"),
    re.compile(r"prv_[A-Za-z0-9_-]{43}"),
    re.compile(r"[A-Za-z0-9_-]{60,}={0,2}"),
    re.compile(r"eyJ[A-Za-z0-9_.…-]+"),
)
"""Ids, times, secrets, cursors and signed statements: a shown value stands for any real value of the same kind."""


class Example(NamedTuple):
    """One operation of a document, with the answer that the document shows."""

    role: str
    case: str
    document: str
    variables: dict[str, Any]
    status: int
    answer: Any


def guide_examples(page: str) -> Iterator[Example]:
    """Yield the examples of a guide in order; operations and variables are read from docs/examples/."""
    for match in _STEP.finditer(page):
        yield Example(
            match["role"],
            match["case"] or "",
            (EXAMPLES / match["operation"]).read_text(),
            json.loads((EXAMPLES / match["variables"]).read_text()) if match["variables"] else {},
            int(match["status"] or 200),
            json.loads(match["answer"] or "null"),
        )


def example_files(page: str) -> set[str]:
    """Return the names of the example files that a guide uses."""
    return {name for match in _STEP.finditer(page) for name in (match["operation"], match["variables"]) if name}


def embed_examples(page: str) -> str:
    """Return a guide with the current text of its example files in it."""
    return _STEP.sub(lambda match: match[0].replace(match["embedded"], _embedded(match)), page)


def _embedded(match: re.Match[str]) -> str:
    blocks = f"```graphql\n{(EXAMPLES / match['operation']).read_text()}```\n\n"
    if match["variables"]:
        blocks += f"```json\n{(EXAMPLES / match['variables']).read_text()}```\n\n"
    return blocks


def curl_examples(page: str) -> Iterator[Example]:
    """Yield the examples of a page that are written as curl commands, in order."""
    for match in _CURL.finditer(page):
        words = shlex.split(match["command"].replace("\\\n", " "))
        headers = dict(word.split(": ", 1) for flag, word in pairwise(words) if flag == "-H")
        body = json.loads(words[words.index("-d") + 1])
        role = re.search(r"\$\(token ([A-Z]+)\)", headers["Authorization"])
        assert role, "a curl example names its role by $(token ROLE)"
        yield Example(
            role[1],
            headers.get("X-Case", ""),
            body["query"],
            body.get("variables", {}),
            200,
            json.loads(match["answer"]),
        )


class AnswerComparator:
    """Compares shown answers with real answers; a shown id must stand for the same real id throughout."""

    def __init__(self) -> None:
        self._real_ids: dict[str, str] = {}

    def with_real_ids(self, value: Any) -> Any:
        """Return variables with their shown ids replaced by the real ids of earlier answers."""
        return json.loads(
            re.sub(r'"([^"]*)"', lambda match: f'"{self._real_ids.get(match[1], match[1])}"', json.dumps(value))
        )

    def difference(self, shown: Any, real: Any, path: str = "answer") -> str:
        """Return the first difference as a sentence, or an empty string."""
        differences: Iterable[str]
        if isinstance(shown, dict) and isinstance(real, dict):
            if list(shown) != list(real):
                return f"{path}: {list(shown)}, but {list(real)}"
            differences = (self.difference(shown[key], real[key], f"{path}.{key}") for key in shown)
        elif isinstance(shown, list) and isinstance(real, list):
            if len(shown) != len(real):
                return f"{path}: {len(shown)} entries, but {len(real)}"
            pairs = enumerate(zip(shown, real, strict=True))
            differences = (self.difference(*pair, f"{path}.{index}") for index, pair in pairs)
        elif isinstance(shown, str) and isinstance(real, str) and _is_same_kind(shown, real):
            is_same = self._real_ids.setdefault(shown, real) == real or "T" in shown
            differences = [] if is_same else [f"{path}: another id"]
        else:
            differences = [] if shown == real else [f"{path}: {shown!r}, but {real!r}"]
        return next(filter(None, differences), "")


def _is_same_kind(shown: str, real: str) -> bool:
    return any(kind.fullmatch(shown) and kind.fullmatch(real) for kind in _GENERATED_VALUES)
