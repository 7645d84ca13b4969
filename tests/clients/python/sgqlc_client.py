"""Runs sgqlc: its introspection, its generator of types, and operations built of them."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sgqlc.endpoint.http import HTTPEndpoint
from sgqlc.operation import Operation

URL = f"{os.environ['PRIVACY_URL']}/graphql"
TOKENS = json.loads(Path(os.environ["PRIVACY_TOKENS"]).read_text())
BIN = Path(sys.executable).parent


def headers(role: str) -> dict[str, str]:
    """Return the headers of a role."""
    return {"Authorization": f"Bearer {TOKENS[role]}"}


def types_of(role: str, folder: Path) -> Any:
    """Return the module that sgqlc generates from the live schema of a role."""
    schema, module = folder / f"{role}.json", folder / f"{role.lower()}.py"
    introspect = [sys.executable, "-m", "sgqlc.introspection", "-H", f"Authorization: Bearer {TOKENS[role]}"]
    subprocess.run([*introspect, URL, str(schema)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([str(BIN / "sgqlc-codegen"), "schema", str(schema), str(module)], check=True)
    spec = importlib.util.spec_from_file_location(role.lower(), module)
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


with tempfile.TemporaryDirectory() as folder:
    store = types_of("STORE", Path(folder))
    admin = types_of("ADMIN", Path(folder))

endpoint = HTTPEndpoint(URL, headers("STORE"))
decision = Operation(store.Query)
decision.consent_decision(subject=store.SubjectBy(email="ada@example.com"), purpose="newsletter").allowed()
assert (decision + endpoint(decision)).consent_decision.allowed

mutation = Operation(store.Mutation)
subject = store.SubjectBy(email="sgqlc@example.com")
mutation.opt_out(subject=subject, purposes=["newsletter"], channel="WEBSITE").suppressed()
assert (mutation + endpoint(mutation)).opt_out.suppressed

refused = Operation(store.Query)
refused.consent_decision(subject=store.SubjectBy(email="ada@example.com"), purpose="nothing").allowed()
assert endpoint(refused)["errors"][0]["extensions"]["code"] == "UNKNOWN_PURPOSE"
assert not hasattr(store.Subject, "display_name"), "the schema of STORE does not have the field"

ids: list[str] = []
cursor = None
for _ in range(2):
    page = Operation(admin.Query)
    subjects = page.subjects(first=2, **({"after": cursor} if cursor else {}))
    subjects.edges.node.id()
    subjects.page_info.end_cursor()
    rows = (page + HTTPEndpoint(URL, headers("ADMIN"))(page)).subjects
    ids += [edge.node.id for edge in rows.edges]
    cursor = rows.page_info.end_cursor
assert len(set(ids)) == 4
