"""Writes the generated parts of the documents: tables made of the code, and examples copied into the guides.

``python -m tests.documents`` writes them; ``tests/test_documents.py`` demands that they are current.
"""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from graphql import is_interface_type, is_introspection_type, is_object_type
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.access.policy import ACCESS_POLICY, PERSONAL
from api.graphql.schema import core
from api.settings import Settings
from desk.settings import DeskSettings
from models.actors import Role
from tests.examples import ROOT, embed_examples
from tests.scaling import exceptions

FOLDERS = (".", "deploy", "docs", "docs/decisions", "docs/guides", "benchmarks", "clients/python", "clients/typescript")
DOCUMENTS = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.md"))
"""Every document of the project."""

GUIDES = [
    ROOT / "docs" / "guides" / f"{name}.md"
    for name in (
        "quickstart",
        "store",
        "sync",
        "newsletter",
        "systems",
        "support",
        "desk",
        "privacy-officer",
        "scripts",
    )
]
"""The guides in the order in which their examples are run."""


def settings_table() -> str:
    """Return a table of every setting with its default and meaning."""
    rows = [
        f"| `PRIVACY_{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def desk_settings_table() -> str:
    """Return the same table of the desk."""
    rows = [
        f"| `PRIVACY_DESK_{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in DeskSettings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be set"
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if default is None:
        return "none"
    if isinstance(default, timedelta):
        return f"`{default.days}d`" if default.days else f"`{default // timedelta(milliseconds=1)}ms`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def roles_tables() -> str:
    """Return the access policy as one table for each type."""
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


def env_example() -> str:
    """Return a file of environment variables with every setting: those that must be set, and the others as comments."""
    lines = ["# Every setting, made of api/settings.py by `make docs`. Keep a filled copy out of every repository."]
    for name, field in Settings.model_fields.items():
        default = "" if field.is_required() else _default(field).strip("`").removeprefix("none")
        lines += ["", *textwrap.wrap(f"# {field.description}", 120, subsequent_indent="# ")]
        lines.append(f"{'' if field.is_required() else '#'}PRIVACY_{name.upper()}={default}")
    return "\n".join([*lines, ""])


WORKLOADS = {
    "one": "one decision by id",
    "email": "one decision by address",
    "hundred": "100 decisions",
    "page": "person page, decrypted and logged",
}
PEERS = {"mercurius": "Mercurius, `jit: 1`", "postgraphile": "PostGraphile 5", "strawberry": "plain Strawberry"}


def figures_table() -> str:
    """Return a table of the last benchmark run: requests per second, and the ratio to each peer in brackets."""
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    rows = {
        workload: result for workload, result in results["works"].items() if workload in WORKLOADS and "ours" in result
    }
    setup = f"{results['subjects']:,} people, {results['connections']} connections"
    head = f"| requests per second ({setup}) | this service | {' | '.join(PEERS.values())} |"
    return f"{head}\n|---|{'---:|' * (len(PEERS) + 1)}\n" + "\n".join(
        f"| {WORKLOADS[workload]} | {result['ours']['per_second']:,.0f} | {' | '.join(_peer_cells(result, PEERS))} |"
        for workload, result in rows.items()
    )


def _peer_cells(result: Mapping[str, Mapping[str, float]], peers: Iterable[str]) -> Iterator[str]:
    ours = result["ours"]["per_second"]
    for peer in peers:
        theirs = result[peer]["per_second"] if peer in result else None
        yield f"{theirs:,.0f} (x {ours / theirs:.2f})" if theirs else ""


def sharding_table() -> str:
    """Return a table of what is not of one person: tables by name, and how many keys, statements and locks."""
    listed = {**exceptions.TABLES, **dict.fromkeys(exceptions.SHARDED_BY_HASH, exceptions.Reason.HASH)}
    counted = (exceptions.KEYS, exceptions.STATEMENTS, exceptions.LOCKS)
    head = "| tables | keys | statements | locks | reason, and what a sharded engine does |\n|---|---:|---:|---:|---|\n"
    return head + "\n".join(
        f"| {', '.join(f'`{name}`' for name in sorted(listed) if listed[name] is reason)} | "
        f"{' | '.join(str(sum(each is reason for each in group.values()) or '') for group in counted)} | {reason} |"
        for reason in exceptions.Reason
    )


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "docs/settings.md": ("api/settings.py", settings_table),
    "docs/roles.md": ("api/access/policy.py", roles_tables),
    "README.md": ("benchmarks/results.json", figures_table),
    "docs/guides/desk.md": ("desk/settings.py", desk_settings_table),
    "docs/scaling.md": ("tests/scaling/exceptions.py", sharding_table),
}
"""The pages that hold a generated table, with its source and the function that makes it."""


def with_table(page: str, source: str, table: str) -> str:
    """Return a page with the current table between its two markers."""
    begin, end = f"<!-- made of {source} by `make docs` -->", "<!-- end -->"
    before, marker, rest = page.partition(begin)
    assert marker, f"the page lacks the line {begin}"
    return f"{before}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}"


def links(page: str) -> Sequence[str]:
    """Return the link targets of a page, without links to other sites."""
    return [
        target for target in re.findall(r"\]\(([^)\s]+)\)", page) if not re.match(r"[a-z]+:", target) and target != "#"
    ]


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    for page_name, (source_name, make_table) in TABLES.items():
        (ROOT / page_name).write_text(with_table((ROOT / page_name).read_text(), source_name, make_table()))
    (ROOT / "deploy" / ".env.example").write_text(env_example())
    for guide in GUIDES:
        guide.write_text(embed_examples(guide.read_text()))
