"""What the documents and the code both know: examples that are run, and tables that are made of the code.

``python -m tests.documents`` writes the tables of docs/ anew; ``tests/test_documents.py`` demands that they match.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from graphql import is_interface_type, is_introspection_type, is_object_type
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.access.policy import ACCESS_POLICY, PERSONAL
from api.graphql.schema import core
from api.settings import Settings
from models.actors import Role

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path for folder in (".", "docs", "docs/decisions", "benchmarks") for path in (ROOT / folder).glob("*.md")
)
"""Every document of the project."""

_STEP = re.compile(
    r"^As `(?P<role>[A-Z]+)`(?:, for case `(?P<case>[^`]+)`)?:\n\n"
    r"```graphql\n(?P<document>.*?)```\n\n"
    r"(?:```json\n(?P<variables>.*?)```\n\n)?"
    r"Answer(?: \((?P<status>\d+)\))?:\n\n```json\n(?P<answer>.*?)```$",
    re.MULTILINE | re.DOTALL,
)
_CURL = re.compile(r"^```sh\n(?P<command>curl .*?)```\n\n```json\n(?P<answer>.*?)```$", re.MULTILINE | re.DOTALL)
_CHANGING = (
    re.compile(r"[a-z]{3}_[0-9a-f]{32}"),
    re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z"),
    re.compile(r"prv_[A-Za-z0-9_-]{43}"),
    re.compile(r"[A-Za-z0-9_-]{60,}={0,2}"),
)
"""Ids, times, secrets and cursors: each kind stands for any other of its kind."""


class Example(NamedTuple):
    """One operation of a document, with the answer that the document shows."""

    role: str
    case: str
    document: str
    variables: dict[str, Any]
    status: int
    answer: Any


def steps(page: str) -> Iterator[Example]:
    """Give the examples of a page that are written as GraphQL, in order."""
    for match in _STEP.finditer(page):
        yield Example(
            match["role"],
            match["case"] or "",
            match["document"],
            json.loads(match["variables"] or "{}"),
            int(match["status"] or 200),
            json.loads(match["answer"] or "null"),
        )


def commands(page: str) -> Iterator[Example]:
    """Give the examples of a page that are written as commands to paste, in order."""
    for match in _CURL.finditer(page):
        words = shlex.split(match["command"].replace("\\\n", " "))
        said = dict(word.split(": ", 1) for flag, word in pairwise(words) if flag == "-H")
        body = json.loads(words[words.index("-d") + 1])
        role = re.search(r"\$\(token ([A-Z]+)\)", said["Authorization"])
        assert role, "an example says by $(token ROLE) who asks"
        yield Example(
            role[1], said.get("X-Case", ""), body["query"], body.get("variables", {}), 200, json.loads(match["answer"])
        )


class Likeness:
    """Compares answers with those of a document: ids and the like may differ, but must do so in the same way."""

    def __init__(self) -> None:
        self._real: dict[str, str] = {}

    def put(self, value: Any) -> Any:
        """Give what a document sends with its ids replaced by those that stood in earlier answers."""
        return json.loads(
            re.sub(r'"([^"]*)"', lambda match: f'"{self._real.get(match[1], match[1])}"', json.dumps(value))
        )

    def differs(self, shown: Any, real: Any, path: str = "answer") -> str:
        """Say where the two differ; nothing when they do not."""
        found: Iterable[str]
        if isinstance(shown, dict) and isinstance(real, dict):
            if list(shown) != list(real):
                return f"{path}: {list(shown)}, but {list(real)}"
            found = (self.differs(shown[key], real[key], f"{path}.{key}") for key in shown)
        elif isinstance(shown, list) and isinstance(real, list):
            if len(shown) != len(real):
                return f"{path}: {len(shown)} entries, but {len(real)}"
            found = (self.differs(*pair, f"{path}.{index}") for index, pair in enumerate(zip(shown, real, strict=True)))
        elif isinstance(shown, str) and isinstance(real, str) and _are_alike(shown, real):
            found = iter(
                [""] if self._real.setdefault(shown, real) == real or "T" in shown else [f"{path}: another id"]
            )
        else:
            found = [""] if shown == real else [f"{path}: {shown!r}, but {real!r}"]
        return next(filter(None, found), "")


def _are_alike(shown: str, real: str) -> bool:
    return any(kind.fullmatch(shown) and kind.fullmatch(real) for kind in _CHANGING)


def settings_table() -> str:
    """Write every setting with its default and meaning."""
    rows = [
        f"| `PRIVACY_{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be set"
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if default is None:
        return "none"
    if isinstance(default, timedelta):
        return f"`{default.days}d`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def roles_tables() -> str:
    """Write the matrix: a table for what can be called, and one for each type."""
    types = [
        name
        for name, named in core.type_map.items()
        if (is_object_type(named) or is_interface_type(named)) and not is_introspection_type(named)
    ]
    types.sort(key=lambda name: ({"Query": 0, "Mutation": 1, "Subject": 2}.get(name, 3), name))
    return "\n\n".join(f"### {name}\n\n{_roles_table(name)}" for name in types)


def _roles_table(name: str) -> str:
    fields = {
        coordinate.partition(".")[2]: (roles, coordinate in PERSONAL)
        for coordinate, roles in ACCESS_POLICY.items()
        if coordinate.startswith(f"{name}.")
    }
    if len(set(fields.values())) == 1:
        fields = {"every field": next(iter(fields.values()))}
    head = f"| field | {' | '.join(Role)} |\n|---|{'|'.join([':-:'] * len(Role))}|\n"
    return head + "\n".join(
        f"| {field if ' ' in field else f'`{field}`'}{' (personal)' if is_personal else ''} "
        f"| {' | '.join('yes' if role in roles else '' for role in Role)} |"
        for field, (roles, is_personal) in fields.items()
    )


WORKS = {
    "one": "one decision by id",
    "email": "one decision by address",
    "hundred": "100 decisions",
    "page": "a person's page, opened and recorded",
}
PEERS = {"mercurius": "Mercurius, `jit: 1`", "postgraphile": "PostGraphile 5", "strawberry": "plain Strawberry"}


def figures_table() -> str:
    """Write the requests a second of the last run, and how many times those of each peer that is."""
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    works = {work: found for work, found in results["works"].items() if work in WORKS and "ours" in found}
    among = f"{results['subjects']:,} people, {results['connections']} connections"
    head = f"| requests a second ({among}) | this service | {' | '.join(PEERS.values())} |"
    return f"{head}\n|---|{'---:|' * (len(PEERS) + 1)}\n" + "\n".join(
        f"| {WORKS[work]} | {found['ours']['per_second']:,.0f} | {' | '.join(_beside(found, PEERS))} |"
        for work, found in works.items()
    )


def _beside(found: Mapping[str, Mapping[str, float]], peers: Iterable[str]) -> Iterator[str]:
    ours = found["ours"]["per_second"]
    for peer in peers:
        theirs = found[peer]["per_second"] if peer in found else None
        yield f"{theirs:,.0f} (x {ours / theirs:.2f})" if theirs else ""


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "docs/settings.md": ("api/settings.py", settings_table),
    "docs/roles.md": ("api/access/policy.py", roles_tables),
    "README.md": ("benchmarks/results.json", figures_table),
}
"""The pages that hold a table made of the code, with what it is made of."""


def in_step(page: str, source: str, table: str) -> str:
    """Give a page with its table as it should be."""
    begin, end = f"<!-- made of {source} by `make docs` -->", "<!-- end -->"
    before, found, rest = page.partition(begin)
    assert found, f"the page lacks the line {begin}"
    return f"{before}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}"


def links(page: str) -> Sequence[str]:
    """Give where the links of a page lead, those to other sites left out."""
    return [
        target for target in re.findall(r"\]\(([^)\s]+)\)", page) if not re.match(r"[a-z]+:", target) and target != "#"
    ]


def anchors(page: str) -> set[str]:
    """Give the anchors that the headings of a page make."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    for page_name, (made_of, table_of) in TABLES.items():
        (ROOT / page_name).write_text(in_step((ROOT / page_name).read_text(), made_of, table_of()))
