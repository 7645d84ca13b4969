"""Subject identifiers are validated, normalised and hashed in one place."""

from uuid import UUID

import pytest

from models.encryption.keyring import LookupHash
from models.errors import BadInput
from models.storage.ids import Prefix, format_id
from models.subjects.identifiers import SubjectIdentifier, hash_identifier, parse_system_name
from tests.conftest import World


def test_an_email_address_is_looked_up_without_regard_to_case() -> None:
    identifier = SubjectIdentifier.email("Ada@Example.com")
    assert identifier.lookup_key == SubjectIdentifier.email("ada@example.com").lookup_key
    assert identifier.normalized.startswith("Ada@")


def test_an_address_for_look_ups_is_any_text_with_an_at_and_equals_the_strict_one() -> None:
    assert SubjectIdentifier.any_email("Ada <ada@Example.com>").lookup_key == "ada@example.com"
    assert SubjectIdentifier.any_email("Hana..ko.@example.jp").lookup_key == "hana..ko.@example.jp"
    assert SubjectIdentifier.email_or_unknown("no address").lookup_key == ""
    with pytest.raises(BadInput):
        SubjectIdentifier.any_email("no address")


def test_an_account_is_looked_up_by_system_and_reference() -> None:
    keys = {SubjectIdentifier.account(*each).lookup_key for each in (("store", "1"), ("forum", "1"), ("store", "2"))}
    assert len(keys) == 3
    assert SubjectIdentifier.account("store", " 1 ").normalized == "1"


def test_an_id_is_looked_up_by_its_uuid() -> None:
    assert SubjectIdentifier.id(format_id(Prefix.SUBJECT, UUID(int=7))).lookup_key == UUID(int=7)


@pytest.mark.parametrize("text", ["Store", "a b", "-a", "a--b", "", "a" * 33])
def test_a_system_name_is_lower_case_words_joined_by_dashes(text: str) -> None:
    with pytest.raises(BadInput):
        parse_system_name(text, "system")
    assert parse_system_name("app-store-2", "system") == "app-store-2"


@pytest.mark.anyio
async def test_an_address_and_an_account_of_the_same_text_have_different_hashes(world: World) -> None:
    address = hash_identifier(world.keyring, SubjectIdentifier("email", "same"))
    account = hash_identifier(world.keyring, SubjectIdentifier("account", "same"))
    assert isinstance(address.newest, LookupHash)
    assert set(address.digests).isdisjoint(account.digests)


@pytest.mark.anyio
async def test_an_id_is_not_hashed(world: World) -> None:
    assert hash_identifier(world.keyring, SubjectIdentifier("id", UUID(int=7))).digests == []
