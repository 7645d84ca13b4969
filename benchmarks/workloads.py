"""The workloads: requests with varying variables, and the expected response to each of them."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environment import DATA_DIRECTORY, BenchmarkDatabases

PURPOSE = "newsletter"
REQUEST_COUNT = 20_000
"""Different requests of a workload, which repeat in order."""
DECISION = "subjectId purpose allowed reason legalBasis effectiveAt"
ONE = f'query Decision($id: ID!) {{ consentDecision(subject: {{id: $id}}, purpose: "{PURPOSE}") {{ {DECISION} }} }}'
EMAIL = (
    f"query Decision($email: String!) "
    f'{{ consentDecision(subject: {{email: $email}}, purpose: "{PURPOSE}") {{ {DECISION} }} }}'
)
HUNDRED = (
    f"query Decisions($ids: [ID!]!) "
    f'{{ consentDecisions(subjects: {{ids: $ids}}, purpose: "{PURPOSE}") {{ {DECISION} }} }}'
)
PAGE = (
    "query Page($email: String!) { subject(by: {email: $email}) { id status displayName country "
    "emails { address isPrimary } consents { purpose { key title } state effectiveAt channel } "
    "syncAccounts { id reference storageBytes fileCount lastSyncedAt "
    "clients { app version platform userAgent lastSeenAt } } } }"
)
OPT_OUT = (
    "mutation OptOut($id: ID!, $purposes: [String!]!) "
    "{ optOut(subject: {id: $id}, purposes: $purposes, channel: WEBSITE) { suppressed purposes at subject { id } } }"
)
REFUSABLE = [
    *("newsletter", "product-announcements", "forum-notices", "usage-statistics", "crash-reports", "publication"),
    *("third-party-marketing", "fraud-protection", "site-analytics", "service-improvement"),
]

POSTGRAPHILE_ONE = (
    f'query Decision($id: UUID!) {{ consentDecision(subjectId: $id, purpose: "{PURPOSE}") {{ {DECISION} }} }}'
)
POSTGRAPHILE_PAGE = (
    "query Page($email: String!) { emailAddressByAddress(address: $email) { subjectBySubjectId { "
    "id: rowId status displayName country "
    "emailAddressesBySubjectId { nodes { address isPrimary } } "
    "consentsBySubjectId(orderBy: [SUBJECT_ID_ASC, PURPOSE_ASC]) "
    "{ nodes { purposeByPurpose { key title } state effectiveAt channel } } "
    "syncAccountsBySubjectId(orderBy: ROW_ID_ASC) { nodes { id: rowId reference storageBytes fileCount lastSyncedAt "
    "syncClientsBySyncAccountId { nodes { app version platform userAgent lastSeenAt } } } } } } }"
)


class Workload(NamedTuple):
    """One kind of request: the role, the document for each dialect, and the variables of each request."""

    name: str
    title: str
    role: str
    documents: dict[str, str]
    variables: list[dict[str, Any]]
    expected: Callable[[BenchmarkDatabases, dict[str, Any]], Any] | None = None

    def body(self, dialect: str, index: int) -> dict[str, Any]:
        """Return the body of one request."""
        values = self.variables[index % len(self.variables)]
        if dialect == "postgraphile" and "id" in values:
            values = {"id": _dashed(values["id"])}
        return {"query": self.documents[dialect], "variables": values}

    def write_requests(self, dialect: str) -> Path:
        """Write all requests into a file for wrk, one a line; return its path."""
        path = DATA_DIRECTORY / f"{self.name}.{dialect}.requests"
        path.write_text("".join(json.dumps(self.body(dialect, n)) + "\n" for n in range(len(self.variables))))
        return path


def _dashed(text: str) -> str:
    digits = text.removeprefix("sub_")
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def create_workloads(databases: BenchmarkDatabases) -> list[Workload]:
    """Select the people of all workloads, equal for every server; opted-out people are never read."""
    rows = databases.rows(
        "plain", "SELECT s.id, e.address FROM subjects AS s JOIN email_addresses AS e ON e.subject_id = s.id"
    )
    people = sorted((f"sub_{row[0].hex}", row[1]) for row in rows)
    rng = random.Random(1)
    rng.shuffle(people)
    leaving, read = people[: len(people) // 5], people[len(people) // 5 :]
    some = read[:REQUEST_COUNT]
    outs = [{"id": id_, "purposes": [key]} for id_, _ in leaving for key in REFUSABLE]
    rng.shuffle(outs)
    ids = [id_ for id_, _ in read]
    both = {"contract": ONE, "postgraphile": POSTGRAPHILE_ONE}
    return [
        Workload("one", "one decision by id", "STORE", both, [{"id": id_} for id_, _ in some], _expected_decision),
        Workload(
            "email",
            "one decision by address",
            "STORE",
            {"contract": EMAIL},
            [{"email": a} for _, a in some],
            _expected_decision,
        ),
        Workload(
            "hundred",
            "100 decisions",
            "STORE",
            {"contract": HUNDRED},
            [{"ids": rng.sample(ids, 100)} for _ in range(REQUEST_COUNT // 20)],
            _expected_decisions,
        ),
        Workload(
            "page",
            "person page",
            "SUPPORT",
            {"contract": PAGE, "postgraphile": POSTGRAPHILE_PAGE},
            [{"email": address} for _, address in some],
            _expected_page,
        ),
        Workload("out", "optOut", "STORE", {"contract": OPT_OUT}, outs),
    ]


def _expected_decision(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    rows = databases.rows(
        "plain",
        "SELECT d.* FROM subjects AS s LEFT JOIN email_addresses AS e ON e.subject_id = s.id, "
        "consent_decision(s.id, $1) AS d WHERE s.id = $2 OR e.address = $3",
        PURPOSE,
        variables.get("id", "sub_" + "0" * 32).removeprefix("sub_"),
        variables.get("email", ""),
    )
    return {"consentDecision": _decision_fields(rows[0])}


def _expected_decisions(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    ids = [text.removeprefix("sub_") for text in variables["ids"]]
    sql = "SELECT d.* FROM unnest($1::uuid[]) AS asked (id), consent_decision(asked.id, $2) AS d"
    rows = {row["subject_id"].hex: row for row in databases.rows("plain", sql, ids, PURPOSE)}
    return {"consentDecisions": [_decision_fields(rows[id_]) for id_ in ids]}


def _decision_fields(row: Any) -> dict[str, Any]:
    return {
        "subjectId": row["subject_id"].hex,
        "purpose": row["purpose"],
        "allowed": row["allowed"],
        "reason": row["reason"],
        "legalBasis": row["legal_basis"],
        "effectiveAt": row["effective_at"],
    }


def _expected_page(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    def of(sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in databases.rows("plain", sql, *values)]

    [subject] = of(
        "SELECT s.id, s.status, s.display_name, s.country FROM subjects AS s "
        "JOIN email_addresses AS e ON e.subject_id = s.id WHERE e.address = $1",
        variables["email"],
    )
    own = subject["id"]
    consents = of(
        "SELECT p.key, p.title, c.state, c.effective_at, c.channel FROM consents AS c "
        "JOIN purposes AS p ON p.key = c.purpose WHERE c.subject_id = $1 ORDER BY c.purpose",
        own,
    )
    for consent in consents:
        consent["purpose"] = {"key": consent.pop("key"), "title": consent.pop("title")}
    accounts = of("SELECT * FROM sync_accounts WHERE subject_id = $1 ORDER BY id", own)
    for account in accounts:
        del account["subject_id"]
        clients = of("SELECT * FROM sync_clients WHERE sync_account_id = $1", account["id"])
        account["clients"] = [
            {key: value for key, value in client.items() if key not in {"subject_id", "sync_account_id"}}
            for client in clients
        ]
    emails = of("SELECT address, is_primary FROM email_addresses WHERE subject_id = $1", own)
    return {"subject": subject | {"emails": emails, "consents": consents, "syncAccounts": accounts}}


RENAMED = {
    "emailAddressByAddress": "subject",
    "emailAddressesBySubjectId": "emails",
    "consentsBySubjectId": "consents",
    "purposeByPurpose": "purpose",
    "syncAccountsBySubjectId": "syncAccounts",
    "syncClientsBySyncAccountId": "clients",
}


def normalize(value: Any, name: str = "") -> Any:
    """Convert the responses of all dialects and the table rows to the same names, ids, times and numbers."""
    if isinstance(value, dict):
        if len(value) == 1 and (wrapped := value.get("nodes", value.get("subjectBySubjectId"))):
            return normalize(wrapped)
        return {RENAMED.get(key, _camel(key)): normalize(each, _camel(key)) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [normalize(each) for each in value]
    if name.endswith("At") and value is not None:
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).timestamp()
    if name in {"id", "subjectId"} and value is not None:
        return getattr(value, "hex", value).rpartition("_")[2].replace("-", "")
    return int(value) if name == "storageBytes" else value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
