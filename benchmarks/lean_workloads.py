"""The requests to the lean peers, and the responses that their two tables imply."""

from typing import Any

from benchmarks.environment import BenchmarkDatabases

PURPOSE = "newsletter"
CHOICE = "subjectId purpose granted legalBasis policyVersion decidedAt"
SYNC_METADATA = (
    "accountId reference storageBytes fileCount lastSyncedAt app version platform userAgent lastSeenAt"  # a client each
)

ONE = f'query One($id: ID!) {{ choice(subjectId: $id, purpose: "{PURPOSE}") {{ {CHOICE} }} }}'
HUNDRED = f'query Hundred($ids: [ID!]!) {{ choices(subjectIds: $ids, purpose: "{PURPOSE}") {{ {CHOICE} }} }}'
DECISIONS = "query Decisions($id: ID!) { decisions(subjectId: $id) { purpose granted legalBasis decidedAt } }"
RECORD = (
    "query Record($id: ID!) { choicesOf(subjectId: $id) { purpose granted legalBasis policyVersion decidedAt } "
    f"syncMetadata(subjectId: $id) {{ {SYNC_METADATA} }} }}"
)

POSTGRAPHILE_ONE = (
    f'query One($id: UUID!) {{ choice: choiceBySubjectIdAndPurpose(subjectId: $id, purpose: "{PURPOSE}") '
    f"{{ {CHOICE} }} }}"
)
POSTGRAPHILE_DECISIONS = (
    "query Decisions($id: UUID!) { choices: allChoices(condition: {subjectId: $id}, orderBy: PURPOSE_ASC) "
    "{ nodes { purpose granted legalBasis decidedAt } } }"
)
POSTGRAPHILE_RECORD = (
    "query Record($id: UUID!) { "
    "choicesOf: allChoices(condition: {subjectId: $id}, orderBy: PURPOSE_ASC) "
    "{ nodes { purpose granted legalBasis policyVersion decidedAt } } "
    "syncMetadata: allSyncMetadata(condition: {subjectId: $id}, orderBy: ACCOUNT_ID_ASC) "
    f"{{ nodes {{ {SYNC_METADATA} }} }} }}"
)

OURS_DECISIONS = (
    "query Decisions($id: ID!) { subject(by: {id: $id}) { decisions { purpose allowed legalBasis effectiveAt } } }"
)
OURS_RECORD = (
    "query Record($id: ID!) { subject(by: {id: $id}) { "
    "consents { purpose { key legalBasis } state policyVersion effectiveAt } "
    "syncAccounts { id reference storageBytes fileCount lastSyncedAt "
    "clients { app version platform userAgent lastSeenAt } } } }"
)
"""The page of a person with the values of the two tables, which this service decrypts and records."""


def expected_choice(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    [choice] = _choices(databases, [variables["id"]])
    return {"choice": choice}


def expected_choices(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    return {"choices": _choices(databases, variables["ids"])}


def _choices(databases: BenchmarkDatabases, ids: list[str]) -> list[dict[str, Any]]:
    rows = databases.rows(
        "plain",
        "SELECT c.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place) "
        "JOIN lean.choices AS c ON c.subject_id = asked.id AND c.purpose = $2 ORDER BY asked.place",
        [id_.removeprefix("sub_") for id_ in ids],
        PURPOSE,
    )
    return [dict(row) for row in rows]


def expected_decisions(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    """Return the decision for each purpose; without a choice the legal basis alone decides."""
    rows = databases.rows(
        "plain",
        "SELECT p.key AS purpose, COALESCE(c.granted, p.legal_basis <> 'CONSENT') AS granted, p.legal_basis, "
        "c.decided_at FROM purposes AS p "
        "LEFT JOIN lean.choices AS c ON c.subject_id = $1 AND c.purpose = p.key ORDER BY p.key",
        variables["id"].removeprefix("sub_"),
    )
    return {"decisions": [dict(row) for row in rows]}


def expected_stored_decisions(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    """Return the stored choices: a server generated from the tables knows no others."""
    rows = databases.rows(
        "plain",
        "SELECT purpose, granted, legal_basis, decided_at FROM lean.choices WHERE subject_id = $1 ORDER BY purpose",
        variables["id"].removeprefix("sub_"),
    )
    return {"choices": [dict(row) for row in rows]}


def expected_record(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    subject_id = variables["id"].removeprefix("sub_")
    choices = databases.rows(
        "plain",
        "SELECT purpose, granted, legal_basis, policy_version, decided_at FROM lean.choices "
        "WHERE subject_id = $1 ORDER BY purpose",
        subject_id,
    )
    return {
        "choicesOf": [dict(row) for row in choices],
        "syncMetadata": _without_subject(databases, subject_id),
    }


def _without_subject(databases: BenchmarkDatabases, subject_id: str) -> list[dict[str, Any]]:
    rows = databases.rows(
        "plain", "SELECT * FROM lean.sync_metadata WHERE subject_id = $1 ORDER BY account_id, app", subject_id
    )
    return [{name: value for name, value in row.items() if name != "subject_id"} for row in rows]


def expected_decisions_of_ours(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    """Return the decisions as this service names them, from the tables of the other peers."""
    rows = databases.rows(
        "plain",
        "SELECT p.key AS purpose, d.allowed, d.legal_basis, d.effective_at FROM purposes AS p, "
        "consent_decision($1, p.key) AS d ORDER BY p.key",
        variables["id"].removeprefix("sub_"),
    )
    return {"subject": {"decisions": [dict(row) for row in rows]}}


def expected_record_of_ours(databases: BenchmarkDatabases, variables: dict[str, Any]) -> Any:
    subject_id = variables["id"].removeprefix("sub_")
    consents = databases.rows(
        "plain",
        "SELECT c.purpose, p.legal_basis, c.state, c.policy_version, c.effective_at FROM consents AS c "
        "JOIN purposes AS p ON p.key = c.purpose WHERE c.subject_id = $1 ORDER BY c.purpose",
        subject_id,
    )
    accounts: dict[Any, dict[str, Any]] = {}
    for row in _without_subject(databases, subject_id):
        client = {name: row.pop(name) for name in ("app", "version", "platform", "user_agent", "last_seen_at")}
        account_id = row.pop("account_id")
        accounts.setdefault(account_id, {"id": account_id, **row, "clients": []})["clients"].append(client)
    return {
        "subject": {
            "consents": [
                {
                    "purpose": {"key": key, "legal_basis": basis},
                    "state": state,
                    "policy_version": version,
                    "effective_at": at,
                }
                for key, basis, state, version, at in consents
            ],
            "syncAccounts": list(accounts.values()),
        }
    }
