"""Each code of ErrorCode that can be met now, with what a caller reads; and INTERNAL, which no caller should meet."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLError

from api.graphql.errors import format_error
from api.graphql.schema import CODES
from models.errors import NotFound
from tests.conftest import Answered, Api, Databases
from tests.people import CARD, DECIDE, GRANT, OPT_OUT, REGISTER, STORE_CARD, known

RESTRICT = "mutation($who: SubjectBy!) { restrictProcessing(subject: $who) { id status } }"
REMOVE_CARD = "mutation($id: ID!) { removePaymentFragment(id: $id) }"
CORRECT = (
    "mutation($who: SubjectBy!, $input: CorrectSubjectInput!) { correctSubject(subject: $who, input: $input) { id } }"
)
NOBODY = f"sub_{0:032x}"


def test_a_message_is_a_sentence_for_each_code() -> None:
    for code, message in CODES.items():
        assert re.fullmatch(r"[A-Z].*\.", message), code


def test_an_unknown_purpose_is_named_by_its_argument(api: Api) -> None:
    person = {"id": known(api).id}
    for role, document, argument, variables in (
        ("STORE", DECIDE, "purpose", {"purpose": "spying"}),
        ("STORE", GRANT, "purpose", {"purpose": "spying", "channel": "STORE"}),
        ("STORE", OPT_OUT, "purposes", {"purposes": ["newsletter", "spying"], "channel": "STORE"}),
    ):
        answer = api.ask(role, document, who=person, **variables)
        assert answer.code == "UNKNOWN_PURPOSE"
        assert answer.extensions["argument"] == argument
        assert "spying" not in str(answer.body)


@pytest.mark.parametrize("purpose", ["order-processing", "service-notices", "accounting"])
def test_what_a_contract_or_a_law_needs_is_no_choice(api: Api, purpose: str) -> None:
    person = {"id": known(api).id}
    assert api.ask("STORE", GRANT, who=person, purpose=purpose, channel="STORE").code == "PURPOSE_NOT_REFUSABLE"
    answer = api.ask("STORE", OPT_OUT, who=person, purposes=["newsletter", purpose], channel="STORE")
    assert answer.code == "PURPOSE_NOT_REFUSABLE"
    assert api.ask("STORE", DECIDE, who=person, purpose="newsletter").data["consentDecision"]["allowed"]


def test_an_unknown_person_is_null_for_a_query_and_an_error_for_a_mutation(api: Api) -> None:
    for who in (
        {"id": NOBODY},
        {"email": "nobody@example.com"},
        {"account": {"system": "store", "reference": "nobody"}},
    ):
        assert api.ask("ADMIN", "query($who: SubjectBy!) { subject(by: $who) { id } }", who=who).data == {
            "subject": None
        }
        decided = api.ask("STORE", DECIDE, who=who, purpose="newsletter").data["consentDecision"]
        assert (decided["subjectId"], decided["allowed"], decided["reason"]) == (None, False, "UNKNOWN_SUBJECT")
        answer = api.ask("ADMIN", RESTRICT, who=who)
        assert answer.code == "SUBJECT_NOT_FOUND"
        assert answer.status == 200
        assert answer.extensions["argument"] == "subject"


def test_two_people_are_never_merged_by_guess(api: Api) -> None:
    account = {"system": "store", "reference": "42"}
    api.register("one@example.com", account=account)
    api.register("two@example.com")
    answer = api.ask("STORE", REGISTER, input={"email": "two@example.com", "account": account})
    assert answer.code == "SUBJECT_AMBIGUOUS"


def test_an_erased_person_is_acted_on_no_more(api: Api, databases: Databases) -> None:
    person = known(api)

    async def erase(status: str) -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute("UPDATE subjects SET status = $1", status)
        await connection.close()

    for status in ("ERASING", "ERASED"):
        asyncio.run(erase(status))
        who = {"id": person.id}
        assert api.ask("ADMIN", RESTRICT, who=who).code == "SUBJECT_ERASED"
        assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE").code == "SUBJECT_ERASED"
        assert api.ask("STORE", OPT_OUT, who=who, purposes=["newsletter"], channel="STORE").code == "SUBJECT_ERASED"
        assert api.ask("STORE", STORE_CARD, who=who, input=CARD).code == "SUBJECT_ERASED"
        assert api.ask("STORE", REGISTER, input={"email": "user@example.com"}).code == "SUBJECT_ERASED"
        assert api.ask("STORE", DECIDE, who=who, purpose="order-processing").data["consentDecision"]["reason"] == status


def test_what_never_was_is_not_found_and_what_is_gone_stays_gone(api: Api) -> None:
    person = known(api)
    assert api.ask("STORE", REMOVE_CARD, id=f"pay_{0:032x}").code == "NOT_FOUND"
    assert api.ask("STORE", REMOVE_CARD, id=person.sync).code == "NOT_FOUND"
    for _ in range(2):
        assert api.ask("STORE", REMOVE_CARD, id=person.card).data == {"removePaymentFragment": person.card}


def test_the_only_address_stays(api: Api) -> None:
    who = {"id": known(api).id}
    answer = api.ask("SUPPORT", CORRECT, who=who, input={"removeEmail": "user@example.com"})
    assert answer.code == "STATE_CONFLICT"
    assert answer.extensions["argument"] == "input.removeEmail"
    assert "user@" not in str(answer.body)


def test_underage_is_refused_whatever_else_is_said(api: Api) -> None:
    for fields in ({"email": "child@example.com"}, {"email": "not an address", "country": "nowhere"}):
        answer = api.ask("STORE", REGISTER, input=fields | {"isUnder13": True})
        assert answer.code == "UNDERAGE"
        assert "child" not in str(answer.body)


@contextmanager
def broken(databases: Databases, statement: str, repaired: str) -> Iterator[None]:
    async def run(sql: str) -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(run(statement))
    try:
        yield
    finally:
        asyncio.run(run(repaired))


def test_what_was_not_foreseen_is_internal_with_an_id_that_the_log_has(
    api: Api, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    with broken(
        databases,
        "ALTER TABLE subjects RENAME COLUMN display_name TO elsewhere",
        "ALTER TABLE subjects RENAME COLUMN elsewhere TO display_name",
    ):
        answer = api.ask("STORE", REGISTER, input={"email": "fault@example.com", "displayName": "Fault Example"})
    assert answer.code == "INTERNAL"
    assert set(answer.extensions) == {"code", "id"}
    captured = capsys.readouterr()
    logged = captured.out + captured.err
    assert answer.extensions["id"] in logged
    assert "UndefinedColumn" in logged
    assert "registering.py:" in logged, "the log says where"
    for value in ("fault@example.com", "Fault Example", "display_name"):
        assert value not in logged + str(answer.body)


def test_a_value_that_was_moved_does_not_open_and_is_not_shown(
    api: Api, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = known(api), known(api, "second@example.com")

    async def swap() -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute(
            "UPDATE subjects SET display_name = (SELECT display_name FROM subjects WHERE id = $2) WHERE id = $1",
            *(bytes.fromhex(each.id[4:]).hex() for each in (first, second)),
        )
        await connection.close()

    asyncio.run(swap())
    answer = api.ask("SUPPORT", "query($id: ID!) { subject(by: { id: $id }) { id displayName } }", id=first.id)
    assert answer.code == "INTERNAL"
    assert "Ada Example" not in str(answer.body)
    assert "InvalidTag" in capsys.readouterr().out


def codes_of(answer: Answered) -> set[Any]:
    return {error["extensions"]["code"] for error in answer.body["errors"]}


def test_one_failed_field_spares_the_others(api: Api) -> None:
    person = known(api)
    document = (
        'query($id: ID!) { good: consentDecision(subject: { id: $id }, purpose: "newsletter") { allowed } '
        'also: subject(by: { email: "no address" }) { id } viewer { role } }'
    )
    answer = api.ask("STORE", document, id=person.id)
    assert answer.status == 200
    assert answer.body["data"] == {"good": {"allowed": True}, "also": None, "viewer": {"role": "STORE"}}
    assert answer.body["errors"][0]["path"] == ["also"]
    assert codes_of(answer) == {"BAD_INPUT"}


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def test_each_request_that_a_fault_ends_logs_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    fault = raised(RuntimeError())
    for _ in range(2):
        format_error(GraphQLError("", original_error=fault))
        assert "test_errors.py" in capsys.readouterr().out


def test_the_frames_of_refusals_are_forgotten_whatever_led_to_them() -> None:
    first, second = raised(ValueError()), raised(KeyError())
    first.__context__, second.__context__ = second, first
    refusal = raised(NotFound(), first)
    format_error(GraphQLError("", original_error=refusal))
    assert [each.__traceback__ for each in (refusal, first, second)] == [None] * 3
