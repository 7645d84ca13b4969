"""Bad input is refused with the right code and the argument's name, without its value, and changes nothing."""

import pytest

from tests.api.sample_requests import (
    AHEAD,
    FILE,
    MANY,
    NODE,
    PERSON,
    SampleRequest,
    card,
    correct,
    counted,
    demand_refused,
    grant,
    inlined,
    people,
    register,
    subject,
    sync,
)
from tests.conftest import Api, Cleaner, Databases, empty
from tests.people import CLIENT, OPT_OUT, REGISTER, known

LAST = "9999-12-31T23:59:59.999999Z"

# What is asked; the argument that is named; what must not be repeated.
BAD: dict[str, tuple[SampleRequest, str, str]] = {
    "an address without a sign": (register(email="Secret-1"), "input.email", "Secret-1"),
    "an address of 9,900 characters": (register(email="Secret" * 1650 + "@example.com"), "input.email", "Secret"),
    "two addresses": (register(email="Secret@example.com, b@example.com"), "input.email", "Secret"),
    "an address with a name": (register(email="Secret <a@example.com>"), "input.email", "Secret"),
    "an address with a line end": (register(email="Secret@example.com\nBcc: b@example.com"), "input.email", "Secret"),
    "an address with an IP": (register(email="secret@[127.0.0.1]"), "input.email", "secret@"),
    "an empty address": (register(email=""), "input.email", "Secret"),
    "a name of 9,900 characters": (register(displayName="Secret" * 1650), "input.displayName", "Secret"),
    "a name of white space": (register(displayName="   "), "input.displayName", "Secret"),
    "a name with a control": (register(displayName="Secret\x07Name"), "input.displayName", "Secret"),
    "a name with a NUL": (register(displayName="Secret\x00Name"), "input.displayName", "Secret"),
    "an unknown country": (register(country="ZY"), "input.country", "ZY"),
    "a country in small letters": (register(country="de"), "input.country", '"de"'),
    "a country's name": (register(country="Secretland"), "input.country", "Secretland"),
    "an account of no system": (
        register(account={"system": "Secret System", "reference": "1"}),
        "input.account.system",
        "Secret",
    ),
    "a long account": (
        register(account={"system": "store", "reference": "Secret" * 100}),
        "input.account.reference",
        "Secret",
    ),
    "three digits": (card(lastDigits="987"), "input.lastDigits", "987"),
    "five digits": (card(lastDigits="98765"), "input.lastDigits", "98765"),
    "digits of another script": (card(lastDigits="\u0669\u0668\u0667\u0666"), "input.lastDigits", "\u0669"),
    "digits and a line end": (card(lastDigits="9876\n"), "input.lastDigits", "9876"),
    "letters": (card(lastDigits="98a6"), "input.lastDigits", "98a6"),
    "month 0": (card(expiryMonth=0), "input.expiryMonth", "Secret"),
    "month 13": (card(expiryMonth=13), "input.expiryMonth", "Secret"),
    "a year of two digits": (card(expiryYear=31), "input.expiryYear", "Secret"),
    "a year of five digits": (card(expiryYear=98765), "input.expiryYear", "98765"),
    "a long reference": (card(reference="Secret" * 20), "input.reference", "Secret"),
    "bytes below zero": (sync(storageBytes=-98765), "input.storageBytes", "98765"),
    "files below zero": (sync(fileCount=-98765), "input.fileCount", "98765"),
    "a sync of tomorrow": (sync(syncedAt=AHEAD), "input.syncedAt", AHEAD[:13]),
    "a file without a name": (sync(files=[FILE, FILE | {"name": ""}]), "input.files.1.name", "Secret"),
    "a file's name with a NUL": (sync(files=[FILE | {"name": "Secret\x00"}]), "input.files.0.name", "Secret"),
    "a long user agent": (sync(client=CLIENT | {"userAgent": "Secret" * 100}), "input.client.userAgent", "Secret"),
    "1,001 files": (sync(files=[FILE] * 1001), "input.files", "Secret"),
    "a choice of tomorrow": (grant(at=AHEAD), "at", AHEAD[:13]),
    "no purposes": (("STORE", OPT_OUT, {"who": PERSON, "purposes": [], "channel": "STORE"}), "purposes", "Secret"),
    "an id of nothing": (subject({"id": "Secret"}), "by.id", "Secret"),
    "an id in capitals": (subject({"id": f"SUB_{7:032x}"}), "by.id", "SUB_"),
    "a short id": (subject({"id": "sub_123"}), "by.id", "sub_123"),
    "a long id": (subject({"id": f"sub_{7:033x}"}), "by.id", f"{7:033x}"),
    "an id with a line end": (subject({"id": f"sub_{7:032x}\n"}), "by.id", f"{7:032x}"),
    "an id of an unknown kind": (("STORE", NODE, {"id": f"xyz_{7:032x}"}), "id", "xyz_"),
    "an address without an @": (subject({"email": "Secret"}), "by.email", "Secret"),
    "an address with a NUL": (subject({"email": "Secret\x00@example.com"}), "by.email", "Secret"),
    "an address of 321 characters": (subject({"email": "@" + "Secret" * 53 + "ab"}), "by.email", "Secret"),
    "the second id of many": (
        ("STORE", MANY, {"all": {"ids": [f"sub_{7:032x}", "Secret"]}}),
        "subjects.ids.1",
        "Secret",
    ),
    "a forged cursor": (people(after="Secret"), "after", "Secret"),
    "a long forged cursor": (people(after="U2VjcmV0" * 50), "after", "U2VjcmV0"),
    "an empty cursor": (people(after=""), "after", "Secret"),
    "a cursor beyond ASCII": (people(after="Secr\u00e9t"), "after", "Secr"),
    "none at a time": (people(first=0), "first", "Secret"),
    "an address to add": (correct(addEmail="Secret"), "input.addEmail", "Secret"),
    "an address to remove": (correct(removeEmail="Secret"), "input.removeEmail", "Secret"),
    "a primary address of nobody": (correct(primaryEmail="secret@example.com"), "input.primaryEmail", "secret@"),
    "an address added and removed": (
        correct(addEmail="secret@example.com", removeEmail="SECRET@example.com"),
        "input.removeEmail",
        "secret@",
    ),
}

# The same, where the value does not fit its type: the variable is named, for the argument may be another's.
WRONG_VALUES: dict[str, tuple[SampleRequest, str, str]] = {
    "two keys": (subject({"id": "Secret", "email": "user@example.com"}), "by", "Secret"),
    "no key": (subject({}), "by", "Secret"),
    "a null key": (subject({"email": None}), "by", "Secret"),
    "an unknown key": (subject({"phone": "Secret"}), "by", "Secret"),
    "a number for an address": (subject({"email": 98765}), "by.email", "98765"),
    "a list for an address": (subject({"email": ["Secret"]}), "by.email", "Secret"),
    "a string for an object": (subject("Secret"), "by", "Secret"),
    "null for a person": (subject(None), "by", "Secret"),
    "an unknown channel": (grant(channel="SECRET"), "channel", "SECRET"),
    "a channel in small letters": (grant(channel="store"), "channel", '"store"'),
    "a number for a channel": (grant(channel=98765), "channel", "98765"),
    "true for a purpose": (grant(purpose=True), "purpose", "Secret"),
    "a time without an offset": (grant(at="2026-01-01T00:00:00"), "at", "2026-01-01T00"),
    "a day for a time": (grant(at="2026-01-01"), "at", "2026-01-01"),
    "a week for a time": (grant(at="2026-W01-1T00:00:00Z"), "at", "2026-W01"),
    "a number for a time": (grant(at=98765), "at", "98765"),
    "a time that never was": (grant(at="2026-02-30T00:00:00Z"), "at", "2026-02-30"),
    "a time before time": (grant(at="0000-01-01T00:00:00Z"), "at", "0000-01"),
    "minus infinity": (grant(at="0001-01-01T00:00:00Z"), "at", "0001-01"),
    "a time of another calendar": (grant(at="1582-12-31T23:59:59Z"), "at", "1582"),
    "infinity": (sync(files=[FILE | {"modifiedAt": LAST}]), "input.files.0.modifiedAt", "9999"),
    # More places than a time or a duration in the log has.
    "a broken month": (card(expiryMonth=7.03125), "input.expiryMonth", "7.03125"),
    "a month in quotes": (card(expiryMonth="7"), "input.expiryMonth", '"7"'),
    "a month past all": (card(expiryMonth=2**31), "input.expiryMonth", str(2**31)),
    "bytes past all": (sync(storageBytes=2**63), "input.storageBytes", str(2**63)),
    "half a byte": (sync(storageBytes=98765.5), "input.storageBytes", "98765.5"),
    "bytes in quotes": (sync(storageBytes="98765"), "input.storageBytes", "98765"),
    "true for bytes": (sync(storageBytes=True), "input.storageBytes", "Secret"),
    "more files than there can be": (sync(fileCount=2**40), "input.fileCount", str(2**40)),
    "a file's size in quotes": (sync(files=[FILE, FILE | {"sizeBytes": "98765"}]), "input.files.1.sizeBytes", "98765"),
    "a missing key": (("STORE", REGISTER, {"input": {"displayName": "Secret"}}), "input.email", "Secret"),
    "a key too many": (register(phone="Secret"), "input", "Secret"),
    "an address for a key": (register(**{"Secret@example.com": 1}), "input", "Secret"),
    "a list for a name": (register(displayName=["Secret"]), "input.displayName", "Secret"),
}


@pytest.fixture(scope="module")
def counts(served: Api, databases: Databases, cleaners: tuple[Cleaner, ...]) -> dict[str, int]:
    """Register a person for all tests of this module, which change nothing; return the numbers of rows."""
    empty(databases, cleaners)
    known(served)
    return counted(databases)


@pytest.mark.parametrize("bad", (BAD | WRONG_VALUES).values(), ids=BAD | WRONG_VALUES)
def test_bad_input_is_named_not_repeated_and_changes_nothing(
    served: Api,
    databases: Databases,
    counts: dict[str, int],
    capsys: pytest.CaptureFixture[str],
    bad: tuple[SampleRequest, str, str],
) -> None:
    (role, document, variables), argument, secret = bad
    case = {"x_case": "case/1"} if role == "SUPPORT" else {}
    answer = served.send({"query": document, "variables": variables}, role, **case)
    demand_refused(answer, "BAD_INPUT", argument, secret)
    written = inlined(document, variables)
    if len(written) < 20_000:
        answer = served.send({"query": written}, role, **case)
        if "GRAPHQL_INVALID" not in answer.text:
            demand_refused(answer, "BAD_INPUT", None, secret)
        assert secret not in answer.text
    assert counted(databases) == counts
    served.send({"query": "{ viewer { role } }"})
    captured = capsys.readouterr()
    assert secret not in captured.out + captured.err


PROBLEMS = {
    "UNKNOWN_KEY": (register(phone="x"), register(account={"system": "store", "reference": "1", "x": 1})),
    "REQUIRED": (("STORE", REGISTER, {"input": {"displayName": "x"}}), register(email=None), sync(files=[None])),
    "WRONG_TYPE": (register(displayName=["x"]), register(account="x"), sync(fileCount="3"), sync(syncedAt=1)),
    "EXACTLY_ONE_KEY": (subject({}), subject({"id": NODE, "email": "ada@example.com"}), subject({"email": None})),
}


@pytest.mark.parametrize(("problem", "samples"), PROBLEMS.items(), ids=PROBLEMS)
def test_bad_input_says_what_is_wrong_of_variables_and_of_literals(
    served: Api, problem: str, samples: tuple[SampleRequest, ...]
) -> None:
    for role, document, variables in samples:
        for sent in ({"query": document, "variables": variables}, {"query": inlined(document, variables)}):
            [error, *_] = served.send(sent, role).json()["errors"]
            assert (error["extensions"]["code"], error["extensions"]["problem"]) == ("BAD_INPUT", problem), sent
