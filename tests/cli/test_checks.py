"""``privacy check`` and ``privacy keys rehash``: people merged by the former rule are listed by id."""

from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from tests.cli.commands import privacy
from tests.conftest import Api, Databases

GRANT_NEWSLETTER = """mutation($id: ID!) {
  grantConsent(subject: {id: $id}, purpose: "newsletter", channel: WEBSITE) { state }
}"""
ACCOUNTS = "query($id: ID!) { subject(by: {id: $id}) { emails { address } accounts { reference } } }"


def register(api: Api, email: str, number: int) -> str:
    return api.register(email, account={"system": "store", "reference": f"customer-{number}"})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("kontakt@gie\u00dfen-verein.example.com", "kontakt@giessen-verein.example.com"),
        ("\u03bd\u03af\u03ba\u03bf\u03c2@example.com", "\u03bd\u03af\u03ba\u03bf\u03c3@example.com"),
        ("o\ufb03ce@example.com", "office@example.com"),
    ],
)
def test_two_addresses_by_rule_are_two_people_with_their_own_accounts(api: Api, first: str, second: str) -> None:
    people = [register(api, address, number) for number, address in enumerate((first, second))]
    assert people[0] != people[1]
    for number, (subject_id, address) in enumerate(zip(people, (first, second), strict=True)):
        subject = api.ask("PRIVACY", ACCOUNTS, id=subject_id).data["subject"]
        assert subject == {"emails": [{"address": address}], "accounts": [{"reference": f"customer-{number}"}]}
        assert register(api, address.upper() if address.isascii() else address, number) == subject_id


@pytest.mark.anyio
async def test_people_to_review_are_listed_by_id_with_an_exit_code(
    api: Api, databases: Databases, tmp_path: Path
) -> None:
    clear = await privacy("check", "addresses", on=databases, at=tmp_path)
    assert (clear.code, clear.out) == (0, "no person needs a review\n")
    folded = register(api, "kontakt@gie\u00dfen-verein.example.com", 1)
    several = register(api, "kontakt@giessen-verein.example.com", 2)
    assert register(api, "kontakt@giessen-verein.example.com", 3) == several
    listed = await privacy("check", "addresses", on=databases, at=tmp_path)
    assert (listed.code, listed.out) == (1, f"{folded}  merged\n{several}  possibly merged\n")


@pytest.mark.anyio
async def test_rehash_changes_nothing_that_is_renewed(api: Api, databases: Databases, tmp_path: Path) -> None:
    register(api, "kontakt@gie\u00dfen-verein.example.com", 1)
    ran = await privacy("keys", "rehash", on=databases, at=tmp_path)
    assert (ran.code, ran.out) == (0, "0 hashes of addresses are renewed\n")


@pytest.mark.anyio
async def test_choices_that_differ_from_the_ledger_are_listed_by_id_with_an_exit_code(
    api: Api, databases: Databases, tmp_path: Path
) -> None:
    people = [api.register(f"user{number}@example.com") for number in range(2)]
    for subject_id in people:
        api.ask("STORE", GRANT_NEWSLETTER, id=subject_id)
    clear = await privacy("check", "choices", on=databases, at=tmp_path)
    assert (clear.code, clear.out) == (0, "the current choices of all people agree with the ledger\n")
    connection = await asyncpg.connect(databases.url)
    try:
        await connection.execute("UPDATE subjects SET choices = NULL WHERE id = $1", UUID(people[1][4:]))
    finally:
        await connection.close()
    listed = await privacy("check", "choices", on=databases, at=tmp_path)
    assert (listed.code, listed.out) == (1, f"{people[1]}  choices differ from the ledger\n")
