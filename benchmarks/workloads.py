"""The workloads: requests with varying variables, and the expected response to each of them."""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from benchmarks import lean_workloads as lean
from benchmarks.environment import DATA_DIRECTORY, BenchmarkDatabases
from benchmarks.normalizing import normalize

PURPOSE = lean.PURPOSE
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


Expected = Callable[[BenchmarkDatabases, dict[str, Any]], Any]


class Workload(NamedTuple):
    """One kind of request: the role, the document for each dialect, and the variables of each request.

    ``expected`` returns the data of the response in each dialect; one that is not named has that of the contract.
    """

    name: str
    title: str
    role: str
    documents: dict[str, str]
    variables: list[dict[str, Any]]
    expected: Mapping[str, Expected] = MappingProxyType({})

    def body(self, dialect: str, index: int) -> dict[str, Any]:
        """Return the body of one request."""
        values = self.variables[index % len(self.variables)]
        if dialect != "contract":
            values = {name: _dashed(value) for name, value in values.items()}
        return {"query": self.documents[dialect], "variables": values}

    def expected_data(self, databases: BenchmarkDatabases, dialect: str, index: int) -> Any:
        """Return the data that the tables imply for one request, in the names and forms of ``normalize``."""
        expected = self.expected.get(dialect) or self.expected["contract"]
        return normalize(expected(databases, self.variables[index % len(self.variables)]))

    def write_requests(self, dialect: str) -> Path:
        """Write all requests into a file for wrk, one a line; return its path."""
        path = DATA_DIRECTORY / f"{self.name}.{dialect}.requests"
        path.write_text("".join(json.dumps(self.body(dialect, n)) + "\n" for n in range(len(self.variables))))
        return path


def _dashed(value: Any) -> Any:
    """Return ids in the form of PostgreSQL, and other values as they are."""
    if isinstance(value, list):
        return [_dashed(each) for each in value]
    if not value.startswith("sub_"):
        return value
    digits = value.removeprefix("sub_")
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
    by_id = [{"id": id_} for id_, _ in some]
    by_address = [{"email": address} for _, address in some]
    hundreds = [{"ids": rng.sample(ids, 100)} for _ in range(REQUEST_COUNT // 20)]
    return [
        Workload("one", "one decision by id", "STORE", ONE_DOCUMENTS, by_id, ONE_EXPECTED),
        Workload(
            "email",
            "one decision by address",
            "STORE",
            {"contract": EMAIL},
            by_address,
            {"contract": _expected_decision},
        ),
        Workload("hundred", "100 decisions", "STORE", HUNDRED_DOCUMENTS, hundreds, HUNDRED_EXPECTED),
        Workload("decisions", "all decisions of one person", "STORE", DECISIONS_DOCUMENTS, by_id, DECISIONS_EXPECTED),
        Workload("page", "person page", "SUPPORT", PAGE_DOCUMENTS, by_address, {"contract": _expected_page}),
        Workload("record", "choices and sync metadata", "SUPPORT", RECORD_DOCUMENTS, by_id, RECORD_EXPECTED),
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


ONE_DOCUMENTS = {
    "contract": ONE,
    "postgraphile": POSTGRAPHILE_ONE,
    "lean": lean.ONE,
    "lean-postgraphile": lean.POSTGRAPHILE_ONE,
}
ONE_EXPECTED: dict[str, Expected] = {
    "contract": _expected_decision,
    "lean": lean.expected_choice,
    "lean-postgraphile": lean.expected_choice,
}
HUNDRED_DOCUMENTS = {"contract": HUNDRED, "lean": lean.HUNDRED}
HUNDRED_EXPECTED: dict[str, Expected] = {"contract": _expected_decisions, "lean": lean.expected_choices}
DECISIONS_DOCUMENTS = {
    "contract": lean.OURS_DECISIONS,
    "lean": lean.DECISIONS,
    "lean-postgraphile": lean.POSTGRAPHILE_DECISIONS,
}
DECISIONS_EXPECTED: dict[str, Expected] = {
    "contract": lean.expected_decisions_of_ours,
    "lean": lean.expected_decisions,
    "lean-postgraphile": lean.expected_stored_decisions,
}
PAGE_DOCUMENTS = {"contract": PAGE, "postgraphile": POSTGRAPHILE_PAGE}
RECORD_DOCUMENTS = {
    "contract": lean.OURS_RECORD,
    "lean": lean.RECORD,
    "lean-postgraphile": lean.POSTGRAPHILE_RECORD,
}
RECORD_EXPECTED: dict[str, Expected] = {
    "contract": lean.expected_record_of_ours,
    "lean": lean.expected_record,
    "lean-postgraphile": lean.expected_record,
}
