"""Card numbers and broken text are refused wherever they stand, before any mutation receives them."""

import json
from typing import Any

import pytest

from tests.api.sample_requests import (
    MANY,
    NODE,
    SUBJECT,
    SampleRequest,
    card,
    counted,
    demand_refused,
    grant,
    inlined,
    people,
    register,
    subject,
    sync,
)
from tests.conftest import Api, Databases
from tests.people import CLIENT, OPT_OUT, RECORD_SYNC, REGISTER, known

VISA = "4111111111111111"
DISGUISED = ["40000566_5566_5556", "4000e0566e5566e5556", "4000:0566_5566/5556", "4a0b0c0d0a5b6c6d5a5b6c6d5a5b5c6"]
CARDS = ["4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "\u0664\u0661\u0661\u0661" + "\u0661" * 12]


@pytest.mark.parametrize("number", CARDS, ids=["plain", "spaced", "dashed", "arabic"])
def test_a_card_number_is_refused_wherever_it_stands(
    api: Api, databases: Databases, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    known(api)
    before = counted(databases)
    places: list[tuple[SampleRequest, str]] = [
        (register(displayName=f"Ada {number}"), "input.displayName"),
        (register(email=f"{number}@example.com"), "input.email"),
        (register(account={"system": "store", "reference": number}), "input.account.reference"),
        (card(reference=number), "input.reference"),
        (card(lastDigits=number), "input.lastDigits"),
        (sync(reference=f"{number}.txt"), "input.reference"),
        (sync(client=CLIENT | {"platform": f"App ({number})"}), "input.client.platform"),
        (grant(purpose=number), "purpose"),
        (grant(channel=number), "channel"),
        (grant(at=number), "at"),
        (subject({"email": number}), "by.email"),
        (subject({"id": number}), "by.id"),
        (subject({number: "x"}), "by"),
        (("STORE", MANY, {"all": {"emails": ["a@example.com", number]}}), "all.emails.1"),
        (("STORE", NODE, {"id": number}), "id"),
        (people(after=number), "after"),
        (("STORE", "query { viewer { role } }", {"unused": [{"deep": [number]}]}), ""),
    ]
    for (role, document, variables), argument in places:
        answer = api.send({"query": document, "variables": variables}, role)
        demand_refused(answer, "CARD_NUMBER_REFUSED", argument, number)
        # A key, and what stands in no argument, cannot be written as a literal.
        if argument and number not in str([*variables.get("by", {})]):
            literal = inlined(document, {key: "x" if key == "channel" else one for key, one in variables.items()})
            if number in literal or json.dumps(number)[1:-1] in literal:
                demand_refused(api.send({"query": literal}, role), "CARD_NUMBER_REFUSED", None, number)
    assert counted(databases) == before
    api.send({"query": "{ viewer { role } }"})
    captured = capsys.readouterr()
    assert number not in captured.out + captured.err


@pytest.mark.parametrize(
    ("document", "operation", "variables"),
    [
        ("{ viewer { role } }", VISA, {}),
        ("{ viewer { role } }", f"Op_{VISA}", {}),
        (f"query Op{VISA} {{ viewer {{ role }} }}", None, {}),
        (f"query Op_{VISA} {{ viewer {{ role }} }}", f"Op_{VISA}", {}),
        (f"{{ viewer {{ a{VISA}: role }} }}", None, {}),
        (f"{{ viewer {{ _{VISA} }} }}", None, {}),
        (f"{{ viewer {{ ...f{VISA} }} }} fragment f{VISA} on Viewer {{ role }}", None, {}),
        (f"query($v{VISA}: Int) {{ viewer {{ role }} }}", None, {}),
        (f"{{ node(id: {VISA}) {{ id }} }}", None, {}),
        (f"{{ node(id: -{VISA}) {{ id }} }}", None, {}),
        (f"{{ node(id: {VISA}.0) {{ id }} }}", None, {}),
        (f'{{ node(id: "{VISA}") {{ id }} }}', None, {}),
        (f'{{ node(id: """\n  {VISA}\n""") {{ id }} }}', None, {}),
        ('{ node(id: "\\u0034111111111111111") { id } }', None, {}),
        (
            f'mutation {{ optOut(subject: {{ email: "a@example.com" }}, purposes: [], channel: A_{VISA}) {{ at }} }}',
            None,
            {},
        ),
        (f"mutation {{ optOut(subject: {{ email: {VISA} }}, purposes: [], channel: STORE) {{ at }} }}", None, {}),
        (f"query($id: ID = {VISA}) {{ node(id: $id) {{ id }} }}", None, {}),
        (NODE, None, {"id": int(VISA)}),
        (NODE, None, {"id": float(VISA)}),
        (NODE, None, {"id": -int(VISA)}),
        (NODE, None, {"id": f"sub_1 {VISA}"}),
        (SUBJECT, None, {"by": {"email": int(VISA)}}),
        (SUBJECT, None, {"by": {"account": {"system": "store", "reference": int(VISA)}}}),
        (OPT_OUT, None, {"who": {"email": "a@example.com"}, "purposes": [int(VISA)], "channel": "STORE"}),
        (OPT_OUT, None, {"who": {"email": "a@example.com"}, "purposes": [], "channel": int(VISA)}),
        (NODE, None, {"id": "sub", VISA: 1}),
        (NODE, None, {"id": {"a.b": {"c": VISA}}}),
        (f"query Op_{DISGUISED[0]} {{ viewer {{ role }} }}", None, {}),
        (f"{{ viewer {{ a{DISGUISED[1]}: role }} }}", None, {}),
        (f"# {DISGUISED[2]}\n{{ viewer {{ role }} }}", None, {}),
        (f"query($v{DISGUISED[3]}: Int) {{ viewer {{ role }} }}", None, {}),
        ("{ node(id: 4.111111111111111e15) { id } }", None, {}),
        *((NODE, None, {"id": each}) for each in DISGUISED),
    ],
    ids=range(36),
)
def test_a_card_number_is_refused_in_every_part_of_a_request(
    api: Api, capsys: pytest.CaptureFixture[str], document: str, operation: str | None, variables: dict[str, Any]
) -> None:
    body = {"query": document, "operationName": operation, "variables": variables}
    answer = api.send(body)
    assert answer.json()["errors"][0]["extensions"]["code"] == "CARD_NUMBER_REFUSED"
    assert "1111111111" not in answer.text
    api.send({"query": "{ viewer { role } }"})
    captured = capsys.readouterr()
    assert "1111111111" not in captured.out + captured.err


def test_a_count_of_bytes_that_looks_like_a_card_number_is_stored_up_to_a_pebibyte(api: Api) -> None:
    person = known(api)
    size = 4222222222222
    document = "query($id: ID!) { node(id: $id) { ... on SyncAccount { storageBytes } } }"
    variables = sync(storageBytes=size, syncedAt="2026-03-01T00:00:00Z")[2]
    assert api.ask("SYNC", RECORD_SYNC, **variables).data
    assert api.ask("SYNC", inlined(RECORD_SYNC, variables)).data
    assert api.ask("SYNC", document, id=person.sync).data == {"node": {"storageBytes": size}}


def test_a_larger_count_that_looks_like_a_card_number_is_refused(api: Api, databases: Databases) -> None:
    known(api)
    file = {"name": "a.txt", "sizeBytes": 1, "modifiedAt": "2026-01-01T00:00:00Z"}
    before = counted(databases)
    for (role, document, variables), argument in (
        (sync(storageBytes=int(VISA)), "input.storageBytes"),
        (sync(storageBytes=float(VISA)), "input.storageBytes"),
        (sync(files=[file, file | {"name": "b", "sizeBytes": int(VISA)}]), "input.files.1.sizeBytes"),
    ):
        for request in ({"query": document, "variables": variables}, {"query": inlined(document, variables)}):
            demand_refused(api.send(request, role), "CARD_NUMBER_REFUSED", argument, VISA)
    assert counted(databases) == before
    variables = sync(storageBytes=int(VISA) + 1, syncedAt="2026-03-02T00:00:00Z")[2]
    assert api.ask("SYNC", RECORD_SYNC, **variables).data


@pytest.mark.parametrize(
    ("request_", "argument"),
    [
        (card(reference="411111111111", lastDigits="1111"), "input"),
        (card(reference="111111111111", lastDigits="4111"), "input"),
        (card(reference="41111111_1111", lastDigits="1111"), "input"),
        (card(reference="4111e1111e1111", lastDigits="1111"), "input"),
        (card(reference="4111111111111", lastDigits="1111"), "input"),
        (sync(client=CLIENT | {"app": "41111111", "version": "11111111"}), "input.client"),
        (register(displayName="411111111", account={"system": "store", "reference": "1111111"}), "input"),
    ],
    ids=["fragment", "fragment, reversed", "underscore", "letters", "overlap", "client", "person and account"],
)
def test_a_card_number_divided_between_fields_of_one_input_is_refused(
    api: Api, databases: Databases, request_: SampleRequest, argument: str
) -> None:
    known(api)
    before = counted(databases)
    role, document, variables = request_
    for sent in ({"query": document, "variables": variables}, {"query": inlined(document, variables)}):
        demand_refused(api.send(sent, role), "CARD_NUMBER_REFUSED", argument, "41111")
    assert counted(databases) == before


def test_a_card_number_divided_between_variables_of_one_input_is_refused(api: Api) -> None:
    document = (
        "mutation($first: String!, $last: String!) { storePaymentFragment("
        'subject: { email: "user@example.com" }, '
        "input: { reference: $first, lastDigits: $last, expiryMonth: 1, expiryYear: 2031 }) { id } }"
    )
    known(api)
    answer = api.send({"query": document, "variables": {"first": "411111111111", "last": "1111"}}, "STORE")
    demand_refused(answer, "CARD_NUMBER_REFUSED", None, "411111")
    assert api.send({"query": document, "variables": {"first": "ref-1", "last": "1111"}}, "STORE").json()["data"]


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "a\\ud83d", "\\udc00\\ud800"])
def test_half_a_surrogate_pair_is_no_text(api: Api, databases: Databases, half: str) -> None:
    before = counted(databases)
    body = json.dumps({"query": REGISTER, "variables": {"input": {"email": "a@example.com", "displayName": "HALF"}}})
    answer = api.send(body.replace("HALF", half).encode())
    assert answer.json()["errors"][0]["extensions"] == {
        "code": "BAD_INPUT",
        "argument": "input.displayName",
        "problem": "INVALID_VALUE",
    }
    literal = json.dumps({"query": inlined(REGISTER, {"input": {"email": "HALF"}})})
    for written in (half, half.replace("\\", "\\\\")):
        answer = api.send(literal.replace("HALF", written).encode())
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"]["code"] in {"BAD_INPUT", "GRAPHQL_INVALID"}
    for part in ('{"query":"{ viewer { role } } # HALF"}', '{"query":"{ viewer { role } }","variables":{"HALF":1}}'):
        assert api.send(part.replace("HALF", half).encode()).status_code in {200, 400}
    assert counted(databases) == before


def test_a_pair_of_surrogates_is_one_character(api: Api) -> None:
    body = json.dumps(
        {"query": REGISTER, "variables": {"input": {"email": "a@example.com", "displayName": "Ada PAIR"}}}
    )
    assert api.send(body.replace("PAIR", "\\ud83d\\ude00").encode()).json()["data"]
    read = '{ subject(by: { email: "a@example.com" }) { displayName } }'
    assert api.ask("SUPPORT", read).data == {"subject": {"displayName": "Ada \U0001f600"}}


def test_an_argument_that_the_schema_does_not_know_is_not_repeated(api: Api) -> None:
    for variables in (
        {"by": {"user@example.com": VISA}},
        {"user@example.com": VISA},
        {"by": {"email": {"user@example.com": VISA}}},
    ):
        answer = api.send({"query": SUBJECT, "variables": variables})
        assert answer.json()["errors"][0]["extensions"]["code"] == "CARD_NUMBER_REFUSED"
        assert "user@" not in answer.text
