"""Sync reports over HTTP: file names are stored as the client has them, and card numbers in them are replaced."""

import re
from typing import Any

import httpx2
import pytest

from tests.api.sample_requests import inlined
from tests.conftest import Api
from tests.people import CLIENT, RECORD_SYNC, SYNC, known
from tests.resolvers.test_access_grants import APPROVE, FILES, OPEN
from tests.values import contains

MODIFIED_AT = "2026-01-30T12:00:00Z"


def sync_of(subject_id: str, *names: str) -> dict[str, Any]:
    files = [{"name": name, "sizeBytes": size, "modifiedAt": MODIFIED_AT} for size, name in enumerate(names)]
    sync = SYNC | {"syncedAt": "2026-02-01T12:00:00Z", "files": files, "fileCount": len(files)}
    return {"who": {"id": subject_id}, "input": sync}


def file_names(api: Api, subject_id: str) -> list[str]:
    """Return the names as an agent reads them under an access grant, in the order of the report."""
    grant = api.ask("SUPPORT", OPEN, who=subject_id).data["openAccessGrant"]["id"]
    assert api.ask("PRIVACY", APPROVE, id=grant).data
    document = FILES.replace("first: 2", "first: 100")
    [account] = api.ask("SUPPORT", document, who=subject_id).data["subject"]["syncAccounts"]
    return [edge["node"]["name"] for edge in account["files"]["edges"]]


def test_unusual_file_names_do_not_cost_the_sync_and_are_kept(api: Api) -> None:
    person = known(api)
    names = ["Icon\r", "\ue000", "\U0001faea", "a\nb", "\u202egpj", " x ", *(f"{number}.txt" for number in range(90))]
    assert api.ask("SYNC", RECORD_SYNC, **sync_of(person.id, *names)).data
    assert file_names(api, person.id) == names


@pytest.mark.parametrize("is_literal", [False, True], ids=["variable", "literal"])
def test_card_numbers_in_file_names_are_replaced_and_counted(
    api: Api, capsys: pytest.CaptureFixture[str], *, is_literal: bool
) -> None:
    person = known(api)
    before = replaced_count(api)
    variables = sync_of(person.id, "Icon\r", "IMG_4111111111111111.jpg", "4111 1111 1111 1111", "Diary.txt")
    answer = (
        api.ask("SYNC", inlined(RECORD_SYNC, variables)) if is_literal else api.ask("SYNC", RECORD_SYNC, **variables)
    )
    assert answer.data == {"recordSync": {"id": person.sync}}
    stored = file_names(api, person.id)
    assert stored == ["Icon\r", "[card number removed 1]", "[card number removed 2]", "Diary.txt"]
    assert replaced_count(api) - before == 2
    captured = capsys.readouterr()
    assert not any(contains(captured.out + captured.err, digits) for digits in ("4111", "1111", "4111111111111111"))


@pytest.mark.parametrize("is_literal", [False, True])
def test_a_card_number_in_a_user_agent_is_replaced_and_counted(api: Api, *, is_literal: bool) -> None:
    person = known(api)
    before = replaced_count(api, "reported_texts")
    variables = sync_of(person.id, "Diary.txt")
    variables["input"]["client"] = CLIENT | {"userAgent": "Sync/4111111111111111 (build 1)"}
    document = inlined(RECORD_SYNC, variables) if is_literal else RECORD_SYNC
    assert api.ask("SYNC", document, **({} if is_literal else variables)).data == {"recordSync": {"id": person.sync}}
    agents = "query($id: ID!) { node(id: $id) { ... on SyncAccount { clients { userAgent } } } }"
    clients = api.ask("SUPPORT", agents, id=person.sync).data["node"]["clients"]
    assert "[card number removed]" in [client["userAgent"] for client in clients]
    assert replaced_count(api, "reported_texts") - before == 1


def test_a_card_number_beside_the_file_names_is_refused(api: Api) -> None:
    person = known(api)
    variables = sync_of(person.id, "4111111111111111")
    for report in (
        variables["input"] | {"reference": "4111111111111111"},
        variables["input"] | {"files": [{"name": 4111111111111111, "sizeBytes": 1, "modifiedAt": MODIFIED_AT}]},
        variables["input"] | {"files": [variables["input"]["files"][0] | {"modifiedAt": "4111111111111111"}]},
        variables["input"] | {"files": [variables["input"]["files"][0] | {"4111111111111111": "a"}]},
    ):
        answer = api.ask("SYNC", RECORD_SYNC, who=variables["who"], input=report)
        assert answer.code == "CARD_NUMBER_REFUSED"


def replaced_count(api: Api, kind: str = "file_names") -> float:
    metrics = httpx2.get(f"{api.url}/metrics", verify=False).text
    return float(re.findall(rf"^privacy_{kind}_replaced_total (\S+)$", metrics, re.MULTILINE)[0])
