"""Runs ariadne-codegen, from schema.graphql and from the live schema of a role, and the clients that it writes."""

import asyncio
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

URL = f"{os.environ['PRIVACY_URL']}/graphql"
TOKENS = json.loads(Path(os.environ["PRIVACY_TOKENS"]).read_text())
SCHEMA = Path(__file__).parents[3] / "schema.graphql"
OPERATIONS = """
query Decision($subject: SubjectBy!, $purpose: String!) {
  consentDecision(subject: $subject, purpose: $purpose) { allowed reason effectiveAt }
}
mutation OptOut($subject: SubjectBy!) {
  optOut(subject: $subject, purposes: ["newsletter"], channel: WEBSITE) { suppressed at }
}
"""
OF_OTHERS = """
query Forbidden($by: SubjectBy!) { subject(by: $by) { displayName } }
query People($after: Cursor) {
  subjects(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
}
"""
CONFIGURATION = """
[tool.ariadne-codegen]
{source}
queries_path = "operations.graphql"
target_package_name = "{package}"
[tool.ariadne-codegen.scalars.DateTime]
type = "datetime.datetime"
[tool.ariadne-codegen.scalars.BigInt]
type = "int"
[tool.ariadne-codegen.scalars.Cursor]
type = "str"
"""


def package_of(folder: Path, package: str, source: str, operations: str) -> Any:
    """Return the package that ariadne-codegen writes."""
    (folder / "operations.graphql").write_text(operations)
    (folder / "pyproject.toml").write_text(CONFIGURATION.format(source=source, package=package))
    subprocess.run([str(Path(sys.executable).parent / "ariadne-codegen")], cwd=folder, check=True)
    return importlib.import_module(package)


def client_of(package: Any, role: str) -> Any:
    """Return a client of a role."""
    return package.Client(url=URL, headers={"Authorization": f"Bearer {TOKENS[role]}"})


async def check(file: Any, live: Any) -> None:
    """Run a query, a mutation, two refusals and two pages."""
    for package in (file, live):
        store = client_of(package, "STORE")
        ada = package.SubjectBy(email="ada@example.com")
        assert (await store.decision(subject=ada, purpose="newsletter")).consent_decision.allowed
        person = package.SubjectBy(email="ariadne@example.com")
        assert (await store.opt_out(subject=person)).opt_out.suppressed
        assert await code_of(store.decision(subject=ada, purpose="nothing")) == "UNKNOWN_PURPOSE"
    assert await code_of(client_of(file, "STORE").forbidden(by=file.SubjectBy(email="ada@example.com"))) == "FORBIDDEN"
    admin = client_of(file, "ADMIN")
    first = (await admin.people()).subjects
    second = (await admin.people(after=first.page_info.end_cursor)).subjects
    assert len({edge.node.id for edge in first.edges + second.edges}) == 4


async def code_of(call: Any) -> str:
    """Return the code of a refusal."""
    try:
        await call
    except Exception as error:  # noqa: BLE001 -- each package has exceptions of its own
        return str(error.errors[0].extensions["code"])  # type: ignore[attr-defined]
    raise AssertionError


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    sys.path.insert(0, name)
    header = f'remote_schema_headers = {{ Authorization = "Bearer {TOKENS["STORE"]}" }}'
    file = package_of(folder, "of_file", f'schema_path = "{SCHEMA}"', OPERATIONS + OF_OTHERS)
    live = package_of(folder, "of_store", f'remote_schema_url = "{URL}"\n{header}', OPERATIONS)
    asyncio.run(check(file, live))
