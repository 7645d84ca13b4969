"""Tests over HTTP of the backups of Customer Data, and of what a restored system must erase again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest

from models.erasure import completion
from tests.conftest import Api, Databases
from tests.people import RECORD_SYNC, SYNC
from tests.readiness import readiness
from tests.workers.policy_work import drain, execute, with_database
from workers import backlog
from workers.erasure_worker import ErasureWorker
from workers.metrics import WORKER_METRICS

RECORD = (
    "mutation($system: String!, $label: String!, $at: DateTime!) { recordBackup(system: $system, label: $label, "
    "madeAt: $at) { id system label madeAt destroyBy destroyedAt isOverdue } }"
)
DESTROYED = "mutation($id: ID!) { recordBackupDestroyed(id: $id) { destroyedAt isOverdue } }"
LIST = "query($overdue: Boolean) { backups(overdue: $overdue) { edges { node { label isOverdue } } } }"
NODE = "query($id: ID!) { node(id: $id) { ... on Backup { label } } }"
ERASED = "query($system: String!, $all: [String!]!) { erasedAccounts(system: $system, references: $all) }"


def ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def labels(api: Api, *, overdue: bool | None) -> list[str]:
    edges = api.ask("AUDITOR", LIST, overdue=overdue).data["backups"]["edges"]
    return [edge["node"]["label"] for edge in edges]


def test_backups_are_not_kept_longer_than_six_months(api: Api, databases: Databases) -> None:
    """The policy: "These backups are not kept longer than six months"."""
    variables_of_backup = {"system": "sync", "label": "2026-05", "at": "2026-05-01T00:00:00Z"}
    backup = api.ask("SYNC", RECORD, **variables_of_backup).data["recordBackup"]
    assert backup["destroyBy"] == "2026-10-31T00:00:00Z"
    assert api.ask("SYNC", RECORD, **variables_of_backup).data["recordBackup"]["id"] == backup["id"], "recorded once"
    old = api.ask("SYNC", RECORD, system="sync", label="old", at=ago(184)).data["recordBackup"]
    api.ask("SYNC", RECORD, system="sync", label="new", at=ago(1))
    assert old["isOverdue"]
    assert "old" in labels(api, overdue=True)
    assert "new" not in labels(api, overdue=True)
    assert "new" in labels(api, overdue=False)
    assert {"old", "new", "2026-05"} == set(labels(api, overdue=None))
    assert "of sync" in readiness(api.url).json()["backups"]
    with_database(databases, lambda database, _keyring: backlog.refresh(database))
    assert b"\nprivacy_system_backups_overdue 0" not in generate_latest(WORKER_METRICS)
    drain(databases)
    assert execute(databases, "SELECT count(*) FROM notices WHERE notice = 'backup_overdue'") == len(
        labels(api, overdue=True)
    )
    for each in (old, backup):
        answer = api.ask("SYNC", DESTROYED, id=each["id"]).data["recordBackupDestroyed"]
        assert answer["destroyedAt"]
        assert not answer["isOverdue"]
        assert api.ask("SYNC", DESTROYED, id=each["id"]).data["recordBackupDestroyed"] == answer
    assert labels(api, overdue=True) == []
    assert readiness(api.url).json()["backups"] == "ok"


@pytest.mark.parametrize(
    ("role", "variables", "code"),
    [
        ("STORE", {"system": "sync"}, "FORBIDDEN"),
        ("ADMIN", {"system": "sync"}, "FORBIDDEN"),  # its token belongs to the system "archive"
        ("SYNC", {"system": "Sync"}, "BAD_INPUT"),
        ("SYNC", {"label": ""}, "BAD_INPUT"),
        ("SYNC", {"label": "Ada's files"}, "BAD_INPUT"),
        ("SYNC", {"label": "x" * 65}, "BAD_INPUT"),
        ("SYNC", {"label": "4242424242424242"}, "CARD_NUMBER_REFUSED"),
        ("SYNC", {"at": "2999-01-01T00:00:00Z"}, "BAD_INPUT"),
        ("SYNC", {"label": "first", "at": "2026-01-02T00:00:00Z"}, "STATE_CONFLICT"),
        ("SUPPORT", {}, "FORBIDDEN"),
    ],
)
def test_a_malformed_backup_is_refused(api: Api, role: str, variables: dict[str, Any], code: str) -> None:
    variables_of_backup = {"system": "sync", "label": "first", "at": "2026-01-01T00:00:00Z"}
    assert api.ask("SYNC", RECORD, **variables_of_backup).data
    assert api.ask(role, RECORD, **(variables_of_backup | {"label": "next"} | variables)).code == code
    assert labels(api, overdue=None) == ["first"]


def test_a_backup_is_seen_and_destroyed_by_its_own_system(api: Api) -> None:
    backup = api.ask("SYNC", RECORD, system="sync", label="a", at=ago(1)).data["recordBackup"]["id"]
    assert api.ask("STORE", DESTROYED, id=backup).code == "FORBIDDEN"
    assert api.ask("SYNC", DESTROYED, id=f"bak_{7:032x}").code == "NOT_FOUND"
    for role, row in (
        ("SYNC", {"label": "a"}),
        ("STORE", None),
        ("AUDITOR", {"label": "a"}),
        ("ADMIN", {"label": "a"}),
    ):
        assert api.ask(role, NODE, id=backup).data["node"] == row


CALLERS: dict[str, tuple[tuple[str, ...], str, dict[str, str]]] = {
    "an administrator": (("ADMIN",), "ADMIN", {}),
    "an administrator who is also a service": (("ADMIN", "SERVICE"), "ADMIN", {}),
    "the same one, as a service": (("ADMIN", "SERVICE"), "SERVICE", {}),
    "an administrator of a system": (("ADMIN",), "ADMIN", {"system": "sync"}),
    "a system": (("SYNC",), "SYNC", {"system": "sync"}),
    "a service without a system": (("SERVICE",), "SERVICE", {}),
}
"""The roles of a token, the role that it acts in, and its system."""


@pytest.mark.parametrize(
    ("caller", "allowed"),
    [
        ("an administrator", {"sync", "store"}),
        ("an administrator who is also a service", {"sync", "store"}),
        ("the same one, as a service", set()),
        ("an administrator of a system", {"sync"}),
        ("a system", {"sync"}),
        ("a service without a system", set()),
    ],
)
def test_an_administrator_without_a_system_acts_for_every_system(api: Api, caller: str, allowed: set[str]) -> None:
    roles, role, options = CALLERS[caller]
    secret = api.issue("a script", *roles, **options)

    def ask(document: str, **variables: Any) -> Any:
        body = {"query": document, "variables": variables}
        return api.send(body, authorization=f"Bearer {secret}", x_role=role).json()

    def is_answered(document: str, **variables: Any) -> bool:
        answer = ask(document, **variables)
        assert [each["extensions"]["code"] for each in answer.get("errors", ())] in ([], ["FORBIDDEN"])
        return not answer.get("errors")

    for system in ("sync", "store"):
        owner = {"sync": "SYNC", "store": "STORE"}[system]
        label = f"{system}-own"
        recorded = api.ask(owner, RECORD, system=system, label=label, at=ago(200)).data["recordBackup"]["id"]
        may = system in allowed
        assert is_answered(RECORD, system=system, label="by-the-caller", at=ago(1)) is may
        assert is_answered(DESTROYED, id=recorded) is may
        assert is_answered(ERASED, system=system, all=["customer-1"]) is may
        assert (label in labels(api, overdue=True)) is not may
    for steps in ("erasureSteps", "exportSteps"):
        document = f'{{ {steps}(system: "store") {{ edges {{ node {{ id }} }} }} }}'
        assert not is_answered(document), "steps are taken by tokens of their system only"
    if role == "ADMIN" and not options:
        assert ask(RECORD, system="No System", label="a", at=ago(1))["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def test_a_refused_question_about_erased_accounts_is_recorded(api: Api) -> None:
    assert api.ask("STORE", ERASED, system="sync", all=["sync-1"]).code == "FORBIDDEN"
    document = "{ accessEvents(first: 1) { edges { node { actor action fields } } } }"
    [edge] = api.ask("AUDITOR", document).data["accessEvents"]["edges"]
    assert edge["node"] == {"actor": "store of the tests", "action": "REFUSED", "fields": ["Query.erasedAccounts"]}


def test_a_restored_system_learns_which_accounts_it_must_erase_again(api: Api, databases: Databases) -> None:
    for number in (1, 2):
        account = {"system": "store", "reference": f"customer-{number}"}
        person = api.register(f"user{number}@example.com", account=account)
        report = SYNC | {"reference": f"sync-{number}"}
        assert api.ask("SYNC", RECORD_SYNC, who={"id": person}, input=report).data
    request = (
        "mutation($who: SubjectBy!) { requestErasure(subject: $who, channel: EMAIL, identity: ATTESTED, "
        "immediately: true) { state } }"
    )
    everyone: dict[str, Any] = {"all": ["customer-2", "customer-1", "customer-3", "not\na reference"]}
    assert api.ask("STORE", ERASED, system="store", **everyone).data == {"erasedAccounts": []}
    assert api.ask("PRIVACY", request, who={"email": "user1@example.com"}).data

    async def erase(database: Any, keyring: Any) -> None:
        worker = ErasureWorker(database, keyring, issuer="https://privacy.example.com", backup_life=timedelta(183))
        assert await worker.drain() == 1

    with_database(databases, erase)
    assert completion.CLEARED_COLUMNS
    assert api.ask("STORE", ERASED, system="store", **everyone).data == {"erasedAccounts": ["customer-1"]}
    known: dict[str, Any] = {"all": ["sync-1", "sync-2"]}
    assert api.ask("SYNC", ERASED, system="sync", **known).data == {"erasedAccounts": ["sync-1"]}
    assert api.ask("STORE", ERASED, system="sync", **known).code == "FORBIDDEN"
    script = {"authorization": f"Bearer {api.issue('a script', 'ADMIN')}"}
    body = {"query": ERASED, "variables": {"system": "sync", **known}}
    assert api.send(body, **script).json()["data"] == {"erasedAccounts": ["sync-1"]}
    assert api.ask("STORE", ERASED, system="store", all=["x"] * 1001).code == "QUERY_TOO_LARGE"
    api.register("again@example.com", account={"system": "store", "reference": "customer-1"})
    assert api.ask("STORE", ERASED, system="store", **everyone).data == {"erasedAccounts": []}, "a living person's"
