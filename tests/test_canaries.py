"""Tests that no personal value is written in plain text: every value is a canary, and each is searched everywhere.

The search covers a dump of each database, the log of PostgreSQL, the log of the service, and every error answer. A
short value (digits, month, year, country) occurs in any dump by chance. For short values the tests compare encrypted
copies instead: no two copies are equal, and no copy contains its value more often than chance explains.
"""

import asyncio
import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from cli.embedded import Cluster
from tests.conftest import Api, Databases
from tests.people import DECIDE, GRANT, OPT_OUT, RECORD_SYNC, REGISTER, STORE_CARD

CORRECT = (
    "mutation($who: SubjectBy!, $input: CorrectSubjectInput!) { correctSubject(subject: $who, input: $input) { id } }"
)
RECEIPT = (
    "query($who: SubjectBy!, $purpose: String!) { subject(by: $who) { consentReceipt(purpose: $purpose) { jws } } }"
)
PAGE = (
    "query($who: SubjectBy!) { subject(by: $who) { emails { address } displayName country accounts { reference } "
    "syncAccounts { reference clients { app version platform userAgent } } } }"
)


def word() -> str:
    """Return a random word that occurs nowhere else."""
    return "Canary" + "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(12))


def encodings(value: str) -> Iterator[bytes]:
    """Yield a value in every encoding in which it may be written, at every base64 offset."""
    for cased in {value, value.lower(), value.upper(), value.casefold()}:
        raw = cased.encode()
        yield raw
        yield cased.encode("utf-16-le")
        yield cased.encode("utf-16-be")
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield quote(cased, safe="").encode()
        yield json.dumps(cased)[1:-1].encode()
        yield raw[::-1]
        for offset in range(3):
            encoded = base64.b64encode(bytes(offset) + raw)
            # Without the characters that depend on the bytes before and after the value.
            yield encoded[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]
            yield encoded[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6].translate(bytes.maketrans(b"+/", b"-_"))


def occurring(canaries: list[str], text: bytes) -> list[str]:
    """Return the canaries that occur in a text, in any encoding."""
    return [value for value in canaries if any(spelling in text for spelling in encodings(value))]


def logs(cluster: Cluster) -> bytes:
    """Return the content of all log files of PostgreSQL."""
    return b"".join(path.read_bytes() for path in Path(cluster.directory).rglob("*.log") if path.is_file())


async def rows(url: str, query: str, *values: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query, *values)
    finally:
        await connection.close()


def test_the_search_finds_every_encoding() -> None:
    value = word()
    for around in (b"", b"a", b"ab", b"abc"):
        text = around + value.encode() + around
        for spelling in (text, text.hex().encode(), base64.b64encode(text), text.upper(), text[::-1]):
            assert occurring([value, word()], b"x" + spelling) == [value]
    assert occurring([value], json.dumps({"a": value}).encode("utf-16")) == [value]


def test_no_personal_value_is_written_in_plain_text(
    api: Api, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, gone, wrong = (f"{word()}@{word()}.example.com" for _ in range(5))
    name, renamed, account, card, sync, *client = (word() for _ in range(9))
    files = [f"{word()} Ü {word()}.txt" for _ in range(3)]
    canaries = [name, renamed, account, card, sync, *client, *files]
    canaries += [part for email in (first, second, third, gone, wrong) for part in (email, *email.split("@"))]
    refusals: list[bytes] = []

    def ask(role: str, document: str, *, refused: bool = False, **variables: Any) -> Any:
        answer = api.ask(role, document, **variables)
        if refused:
            refusals.append(json.dumps(answer.body, ensure_ascii=False).encode())
            assert answer.body["errors"]
            return None
        return answer.data

    known: dict[str, Any] = {"displayName": name, "country": "LI", "account": {"system": "store", "reference": account}}
    ask("STORE", REGISTER, input={"email": first} | known)
    who = {"email": first}
    ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE")
    ask("STORE", OPT_OUT, who={"email": gone}, purposes=["newsletter"], channel="STORE")
    fragment = {"reference": card, "lastDigits": "7391", "expiryMonth": 11, "expiryYear": 2037}
    ask("STORE", STORE_CARD, who={"account": known["account"]}, input=fragment)
    program = dict(zip(("app", "version", "platform", "userAgent"), client, strict=True))
    listed = [{"name": file, "sizeBytes": 1, "modifiedAt": "2026-01-01T00:00:00Z"} for file in files]
    synced = {"reference": sync, "storageBytes": 7, "fileCount": 3, "syncedAt": "2026-01-02T00:00:00Z"}
    ask("SYNC", RECORD_SYNC, who=who, input=synced | {"client": program, "files": listed})
    ask("SUPPORT", CORRECT, who=who, input={"displayName": renamed, "addEmail": second, "primaryEmail": second})
    assert occurring(canaries, json.dumps(ask("SUPPORT", PAGE, who=who), ensure_ascii=False).encode())
    ask("STORE", DECIDE, who={"email": second}, purpose="newsletter")
    receipt = ask("STORE", RECEIPT, who={"email": second}, purpose="newsletter")["subject"]["consentReceipt"]["jws"]
    _, payload, _ = receipt.split(".")
    assert not occurring(canaries, base64.urlsafe_b64decode(payload + "=="))
    ask("STORE", REGISTER, input={"email": third})
    # Every kind of refusal, with values in the request.
    crossed = {"email": third, "account": known["account"]}
    for role, document, variables in (
        ("STORE", REGISTER, {"input": crossed}),
        ("STORE", REGISTER, {"input": {"email": wrong, "isUnder13": True}}),
        ("STORE", REGISTER, {"input": {"email": f"{wrong} {name}"}}),
        ("STORE", REGISTER, {"input": {"email": wrong, "country": name}}),
        ("STORE", REGISTER, {"input": {"email": wrong, "account": {"system": name, "reference": account}}}),
        ("STORE", GRANT, {"who": {"email": wrong}, "purpose": "newsletter", "channel": "STORE"}),
        ("STORE", GRANT, {"who": who, "purpose": name, "channel": "STORE"}),
        ("STORE", GRANT, {"who": who, "purpose": "newsletter", "channel": name}),
        ("STORE", STORE_CARD, {"who": who, "input": fragment | {"lastDigits": name}}),
        ("STORE", STORE_CARD, {"who": who, "input": {name: account}}),
        ("SYNC", RECORD_SYNC, {"who": who, "input": synced | {"files": [listed[0] | {"sizeBytes": name}]}}),
        ("SUPPORT", CORRECT, {"who": who, "input": {"addEmail": third}}),
        ("SUPPORT", CORRECT, {"who": who, "input": {"primaryEmail": wrong}}),
        ("BILLING", PAGE, {"who": who}),
        ("STORE", f'{{ subject(by: {{ email: "{wrong}", id: "{name}" }}) {{ id }} }}', {}),
        ("STORE", f'{{ subject(by: {{ email: "{wrong}" ', {}),
    ):
        ask(role, document, refused=True, **variables)

    dump = databases.cluster.run("pg_dump", "--inserts", databases.url).encode()
    assert b"INSERT INTO public.subjects" in dump
    assert occurring(canaries, dump) == []
    plain = databases.cluster.run("pg_dump", databases.url).encode()
    assert occurring(canaries, plain) == []
    assert occurring(canaries, databases.cluster.run("pg_dump", databases.keyring_url).encode()) == []
    assert logs(databases.cluster)
    assert occurring(canaries, logs(databases.cluster)) == []
    assert occurring(canaries, b"\n".join(refusals)) == []
    api.send({"query": "{ viewer { role } }"})
    captured = capsys.readouterr()
    assert occurring(canaries, (captured.out + captured.err).encode()) == []


def test_short_values_are_encrypted_with_a_fresh_nonce(api: Api, databases: Databases) -> None:
    fragment = {"lastDigits": "7391", "expiryMonth": 11, "expiryYear": 2037}
    people = [api.register(f"user{number}@example.com", country="LI") for number in range(60)]
    for number, person in enumerate(people):
        card = fragment | {"reference": f"card-{number}"}
        assert api.ask("STORE", STORE_CARD, who={"id": person}, input=card).data
    for table, column, value in (
        ("payment_fragments", "last_digits", b"7391"),
        ("payment_fragments", "expiry_month", b"11"),
        ("payment_fragments", "expiry_year", b"2037"),
        ("subjects", "country", b"LI"),
    ):
        encrypted = [row[0] for row in asyncio.run(rows(databases.url, f"SELECT {column} FROM {table}"))]
        assert len(set(encrypted)) == len(people)
        # Two bytes occur in 30 random ones once in 2,000 times; in three of 60 copies, less than once in a million.
        assert sum(value in each for each in encrypted) < 3
        # Only the version byte is equal in all copies.
        assert [
            position for position in range(len(encrypted[0])) if len({each[position] for each in encrypted}) == 1
        ] == [0]
