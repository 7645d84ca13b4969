"""The retired words of the project, and their scanners; ``python -m tests.vocabulary PACKAGE`` lists uses."""

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "benchmarks", "cli", "clients", "desk", "mailers", "migrations", "models", "resolvers", "workers")

RETIRED = {
    "aboard": "in the batch",
    "admission": "bulk insert",
    "choosers": "CONSENT_WRITERS",
    "convoy": "request batch",
    "deed": "mutation, unit of work",
    "errand": "request execution",
    "farewell": "completion email",
    "fate": "erasure action",
    "fed": "batched",
    "flight": "in-flight query",
    "gate": "restore guard",
    "lane": "batch queue",
    "leftover": "cleanup",
    "letterbox": "Maildir",
    "misfit": "coercion error",
    "newcomer": "registration record",
    "occasion": "event template",
    "paged": "paginated",
    "perform": "run_mutation",
    "road": "pipeline, transport",
    "seat": "connection lease",
    "sought": "requested",
    "standing": "status, locked subject",
    "tally": "count",
    "telling": "webhook delivery",
    "told": "notified, template context",
    "verb": "mutation, command",
    "wanted": "requested, expected",
    "watchers": "AUDIT_READERS",
    "wave": "level",
    "whoever": "a component as the subject",
    "wish": "option",
}
"""Coined words, with their replacement. A plural counts as its singular."""

RETIRED_NAMES = {
    "Apart": "NotBatchable",
    "Asked": "LoadRequest",
    "Bearer": "VerifiedToken",
    "Begun": "StartedQuery",
    "CARE": "SUPPORT_AND_PRIVACY",
    "DESK": "STAFF",
    "Declined": "DeliveryRejected",
    "ENOUGH": "TARGET_BATCH_SIZE",
    "Era": "LogEpoch",
    "HURRIED": "SET_IMMEDIATE",
    "Horizon": "Watermark",
    "Irregular": "NeedsFullCompletion",
    "Kept": "RetainedTarget",
    "MOST_TOGETHER": "MAX_BATCH_SIZE",
    "Moment": "Timestamp",
    "Octets": "Bytes",
    "PATIENCE": "MAX_BATCH_DELAY",
    "Seal": "EncryptedColumn",
    "SubjectKey": "DataKey",
    "Together": "BatchedExecution",
    "Unanswered": "DeliveryUnconfirmed",
}
"""Whole identifiers that are retired, although their words are ordinary."""

STORED_NAMES = {
    "deed": ("models/outbox/", "models/delivery/", "models/erasure/", "benchmarks/"),
    "deeds": ("models/outbox/", "models/erasure/", "benchmarks/"),
    "farewell_address": ("models/requests/", "models/erasure/"),
    "farewell_to": ("models/requests/", "models/erasure/"),
}
"""Names of columns and of parameters of statements, with the places that map them."""

ORDINARY_IN_PROSE = {"fed", "lane", "newcomer", "paged", "perform", "sought", "standing", "wanted"}
"""Words that are retired in identifiers only."""

ORDINARY_PHRASES = (r"in[ _-]flight", r"standard verbs?", r"imperative verbs?", r"HTTP verbs?", r"wish you")
"""Phrases of prose in which a retired word has its ordinary meaning."""

REJECTED_SYNONYMS = {
    "API key": "token",
    "PII": "personal data",
    "audit trail": "audit log",
    "blacklist": "do-not-mail list",
    "blocklist": "do-not-mail list",
    "card data": "payment fragment",
    "e-mail address": "email address",
    "end user": "person",
    "lawful basis": "legal basis",
    "opt-in": "grant",
    "preference": "choice",
    "stored payment": "payment fragment",
    "stored-payment": "payment fragment",
    "suppression list": "do-not-mail list",
    "ticket": "case",
}
"""Synonyms that are used nowhere, with the term that replaces each."""


class Use(NamedTuple):
    """A retired word at a line of a file."""

    path: str
    line: int
    text: str
    word: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text} ({self.word}: {(RETIRED | RETIRED_NAMES)[self.word]})"


def modules(packages: Iterable[str]) -> list[Path]:
    """Return the Python files of packages, without those of installed packages."""
    paths = (path for package in packages for path in (ROOT / package).rglob("*.py"))
    return sorted(path for path in paths if not {"node_modules", "build", ".venv"} & {*path.parts})


def words_of(name: str) -> list[str]:
    """Return the lower-case words of an identifier in snake case or camel case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+", " ", name)
    return " ".join(spaced.lower().split()).replace("in flight", "in_flight").split()


@cache
def retired_word(name: str) -> str | None:
    """Return the identifier if it is retired, else its first retired word, else None."""
    if name in RETIRED_NAMES:
        return name
    return next(filter(None, map(_singular_if_retired, words_of(name))), None)


@cache
def _singular_if_retired(word: str) -> str | None:
    candidates = (word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word))
    return next((candidate for candidate in candidates if candidate in RETIRED), None)


def retired_identifiers(source: str, path: str = "") -> Iterator[Use]:
    """Yield the retired words in the NAME tokens of Python source."""
    if not any(map(retired_word, {*re.findall(r"\w+", source)})):
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        word = retired_word(token.string) if token.type == tokenize.NAME else None
        if word and not path.startswith(STORED_NAMES.get(token.string, ("-",))):
            yield Use(path, token.start[0], token.string, word)


def retired_prose(text: str, path: str = "", first_line: int = 1) -> Iterator[Use]:
    """Yield the retired words in prose; code spans and ordinary phrases are skipped."""
    if not may_have_retired_prose(text):
        return
    skipped = "|".join((r"```.*?```", r"`[^`\n]*`", r"\{\{.*?\}\}", *ORDINARY_PHRASES))
    plain = re.sub(skipped, lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL | re.IGNORECASE)
    for number, line in enumerate(plain.splitlines(), first_line):
        for match in re.finditer(r"[A-Za-z]+", line):
            word = _singular_if_retired(match[0].lower())
            if word and word not in ORDINARY_IN_PROSE:
                yield Use(path, number, line.strip(), word)


def may_have_retired_prose(text: str) -> bool:
    """Return whether a word of the text is retired in prose, also where it is code or part of an ordinary phrase."""
    return any(map(_singular_if_retired, {*re.findall(r"[a-z]+", text.lower())} - ORDINARY_IN_PROSE))


class Prose(NamedTuple):
    """A docstring or a comment of Python source."""

    line: int
    text: str
    owner: ast.AST | None


@lru_cache(maxsize=1)
def nodes(source: str) -> tuple[ast.AST, ...]:
    """Return the nodes of Python source; those of the last source are cached, as several rules read them in turn."""
    return tuple(ast.walk(ast.parse(source)))


def docstrings(source: str) -> Iterator[Prose]:
    """Yield the docstrings of modules, classes and functions, and the strings below attributes."""
    for node in nodes(source):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for index, statement in enumerate(node.body):
                if (
                    isinstance(statement, ast.Expr)
                    and isinstance(statement.value, ast.Constant)
                    and isinstance(statement.value.value, str)
                ):
                    yield Prose(statement.lineno, statement.value.value, node if index == 0 else None)


def comments(source: str) -> Iterator[Prose]:
    """Yield the comments, without directives to tools."""
    if "#" not in source:
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#!: ")
            text = re.sub(r"^(?:noqa|type: ignore)\S*(?: [A-Z0-9, ]+)?(?: --)?", "", text)
            yield Prose(token.start[0], text, None)


_NO_PROSE = re.compile(
    r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|FROM|WHERE|GRANT|REVOKE|SET|CHECK)\b|[<>=~$]"
)


def messages(source: str) -> Iterator[Prose]:
    """Yield the string literals that are prose: descriptions, error messages, help texts, log events."""
    docstring_lines = {prose.line for prose in docstrings(source)}
    for node in nodes(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno not in docstring_lines:
            is_prose = len(node.value.split()) > 2 and not _NO_PROSE.search(node.value)
            if is_prose:
                yield Prose(node.lineno, node.value, None)


@cache
def class_names() -> dict[str, list[str]]:
    """Return the modules that define a class, by the name of the class, for names that are defined more than once."""
    # Other servers and clients of the same schema have its names, too.
    paths = [path for path in modules(PACKAGES) if not {"peers", "clients"} & {*path.parts}]
    written = {path: re.findall(r"^\s*class (\w+)", path.read_text(), re.MULTILINE) for path in paths}
    counts = Counter(name for names in written.values() for name in names)
    owners: dict[str, list[str]] = {}
    for path, names in written.items():
        if all(counts[name] == 1 for name in names):  # parsing takes most of the time
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and counts[node.name] > 1:
                owners.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    return owners


def shared_class_names(owners: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return names that several classes share, unless one is the table and the other its GraphQL type."""
    return {
        name: paths
        for name, paths in owners.items()
        if len(paths) > 1 and sorted(path.split("/")[0] for path in paths) != ["models", "resolvers"]
    }


def uses_of(paths: Iterable[Path]) -> list[str]:
    """Return the retired words of Python files as lines to print."""
    uses: list[str] = []
    for path in paths:
        name, source = str(path.relative_to(ROOT)), path.read_text()
        uses += map(str, retired_identifiers(source, name))
        if not may_have_retired_prose(source):
            continue
        for prose in (*docstrings(source), *comments(source), *messages(source)):
            uses += map(str, retired_prose(prose.text, name, prose.line))
    return uses


if __name__ == "__main__":
    for use in uses_of(modules(sys.argv[1:])):
        print(use)  # noqa: T201 -- a tool for the terminal
