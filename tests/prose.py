"""The rules of prose that a machine can check; ``python -m tests.prose PACKAGE`` lists the breaches of them."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.vocabulary import ROOT, Prose, comments, docstrings, modules

LONGEST_SENTENCE = 25
"""Words in a sentence, at most. A code span counts as one word."""

BANNED_OPENERS = {"Else", "Even", "Give", "Have", "Let", "Say", "Tell", "What", "Whoever"}
"""First words that a docstring of a function must not have: a standard verb says what the function does."""

PEOPLE = {"everybody", "nobody", "somebody", "whoever"}
"""Words about people, which are no subjects for components."""


class Fault(NamedTuple):
    """A breach of a rule of prose."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a docstring; a colon, a semicolon, a list item and a paragraph end one too."""
    plain = re.sub(r"``[^`]*``|`[^`\n]*`", "code", text)
    for paragraph in re.split(r"\n\s*\n|\n\s*(?:[-*]|\d+\.) |::\s*\n", plain):
        if not re.match(r"[\s\x08]*\{", paragraph):  # an example in JSON
            yield from filter(None, re.split(r"(?<=[.!?;:])\s+", " ".join(paragraph.split())))


def word_count(sentence: str) -> int:
    """Return how many words a sentence has."""
    return sum(1 for word in sentence.split() if re.search(r"\w", word))


def faults(source: str, path: str = "") -> Iterator[Fault]:
    """Yield the breaches in the docstrings and comments of Python source."""
    for prose in docstrings(source):
        yield from _faults_of_opener(prose, path)
        yield from _faults_of_text(prose, path)
    for prose in comments(source):
        yield from _faults_of_text(prose, path)


def _faults_of_opener(prose: Prose, path: str) -> Iterator[Fault]:
    if isinstance(prose.owner, ast.FunctionDef | ast.AsyncFunctionDef):
        opener = re.match(r"\s*([A-Za-z]+)", prose.text)
        if opener and opener[1] in BANNED_OPENERS:
            yield Fault(path, prose.line, "begins with no standard verb", prose.text.splitlines()[0])


def _faults_of_text(prose: Prose, path: str) -> Iterator[Fault]:
    for sentence in sentences(prose.text):
        if word_count(sentence) > LONGEST_SENTENCE:
            yield Fault(path, prose.line, f"{word_count(sentence)} words in a sentence", sentence)
        for word in re.findall(r"[A-Za-z]+", sentence):
            if word.lower() in PEOPLE:
                yield Fault(path, prose.line, f"says {word!r}", sentence)


def faults_of(paths: list[Path]) -> list[str]:
    """Return the breaches in Python files as lines to print."""
    return [str(fault) for path in paths for fault in faults(path.read_text(), str(path.relative_to(ROOT)))]


if __name__ == "__main__":
    for line in faults_of([path for name in sys.argv[1:] for path in modules([name])]):
        print(line)  # noqa: T201 -- a tool for the terminal
