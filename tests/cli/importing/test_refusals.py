"""Refusals of refused lines: found in every form, never in lines about children, and recorded by the command."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.importing.refusals import find_refusals
from models.consent.purposes import LegalBasis, PurposeRow
from tests.cli.commands import privacy
from tests.conftest import Api, Databases
from tests.people import DECIDE, GRANT

PURPOSES = {
    key: PurposeRow(key, key, key, basis, is_marketing=False, lapses_after_days=None)
    for key, basis in (("newsletter", LegalBasis.CONSENT), ("accounting", LegalBasis.LEGAL_OBLIGATION))
}
LEAVES = {"purpose": "newsletter", "state": "WITHDRAWN", "at": "20260131"}
JOINS = {"purpose": "newsletter", "state": "GRANTED", "at": "2026-01-31T12:00:00Z"}


def outcome_of(line: Any) -> tuple[list[str], list[str]] | None:
    content = line if isinstance(line, bytes) else json.dumps(line).encode()
    refusals = find_refusals(content, PURPOSES)
    return refusals and ([str(each.lookup_key) for each in refusals.addresses], refusals.purposes)


@pytest.mark.parametrize(
    "line",
    [
        {"email": "Ada@example.com", "consents": [LEAVES]},
        {"email": "ada@example.com", "country": "XX", "unknown": [[[]]], "consents": [JOINS, 7, None, LEAVES]},
        {"email": "ada@example.com", "consents": {"purpose": "newsletter", "state": " objected "}},
        b'{"email": "ada@example.com", "consents": [{"purpose": "newsletter", "state": "OBJECTED"}], "consents": []}',
    ],
)
def test_refusals_are_found_whatever_else_is_wrong(line: Any) -> None:
    assert outcome_of(line) == (["ada@example.com"], ["newsletter"])


def test_every_address_of_the_line_is_found() -> None:
    line = {"email": "hana..ko.@example.jp", "additionalEmails": ["b@example.com", 7, "none"], "consents": [LEAVES]}
    assert outcome_of(line) == (["hana..ko.@example.jp", "b@example.com"], ["newsletter"])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[" * 100_000,
        b"[]",
        {"email": "ada@example.com", "consents": [JOINS]},
        {"email": "no address", "consents": [LEAVES]},
        {"email": "ada@example.com", "consents": [LEAVES | {"purpose": "accounting"}]},
        {"email": "ada@example.com", "consents": [LEAVES | {"purpose": "unknown"}]},
        {"email": "ada@example.com", "isUnder13": True, "consents": [LEAVES]},
        (
            b'{"isUnder13": true, "isUnder13": false, "email": "a@b.cd", "consents": [{"purpose": "newsletter", '
            b'"state": "OBJECTED"}]}'
        ),
    ],
)
def test_lines_without_refusals_and_lines_about_children_have_none(line: Any) -> None:
    assert outcome_of(line) is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    "line",
    [
        {"consents": [LEAVES]},
        {"consents": [LEAVES | {"at": "2026-01-31T12:00:00+0100"}]},
        {"consents": [LEAVES | {"at": -1}]},
        {"consents": [JOINS | {"purpose": "crash-reports", "at": "1769860800000"}, LEAVES]},
        {
            "syncAccounts": [{"reference": "s", "storageBytes": 1, "fileCount": 1, "syncedAt": "1"}],
            "consents": [LEAVES],
        },
        {"country": "XX", "consents": [LEAVES]},
    ],
)
async def test_a_refused_line_leaves_its_refusals_recorded(
    api: Api, databases: Databases, tmp_path: Path, line: dict[str, Any]
) -> None:
    subject_id = api.register("ada@example.com")
    assert api.ask("STORE", GRANT, who={"id": subject_id}, purpose="newsletter", channel="WEBSITE").data
    lines = [{"email": "ada@example.com", **line}, {"email": "stranger..@example.com", **line}]
    (tmp_path / "people.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    ran = await privacy("import", "people.jsonl", on=databases, at=tmp_path)
    assert (ran.code, ran.count("BAD_INPUT")) == (1, 2)
    assert ran.count("lines refused, with refusals that are recorded from now on") == 2
    rejects = [json.loads(each) for each in (tmp_path / "people.jsonl.rejects.jsonl").read_text().splitlines()]
    assert all(reject["problem"].endswith("Its refusals are recorded from now on.") for reject in rejects)
    decision = api.ask("STORE", DECIDE, who={"id": subject_id}, purpose="newsletter").data["consentDecision"]
    assert (decision["allowed"], decision["reason"]) == (False, "WITHDRAWN")
    joined = "query($who: SubjectBy!) { subject(by: $who) { consents { channel } } }"
    assert api.ask("PRIVACY", joined, who={"id": subject_id}).data["subject"]["consents"] == [{"channel": "IMPORT"}]
