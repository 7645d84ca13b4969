"""An encrypted value is decrypted in its own column, for its own owner, under its own key, and nowhere else."""

from typing import Annotated, NamedTuple
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, DataKey, EncryptedColumn, encrypted_columns
from models.errors import Unavailable
from models.storage.ids import new_id

NAME, OTHER = EncryptedColumn("people.name"), EncryptedColumn("people.other")
OWNER = UUID("0192f3a0-0000-7000-8000-000000000001")
STORED = bytes.fromhex("015abb2fc197e3ef284cf17e2f7fb819563ce0fd46047691cf362ab218bce1ff1339ad22f972dfd3")
"""A value as an earlier release stored it."""


class PersonRow(NamedTuple):
    """A row with one encrypted column that may be NULL."""

    id: UUID
    name: Annotated[bytes, NAME] | None


def new_key() -> DataKey:
    return DataKey(new_id(), AESGCM(AESGCM.generate_key(256)))


def test_a_value_that_an_earlier_release_stored_is_decrypted() -> None:
    assert NAME.decrypt(DataKey(OWNER, AESGCM(bytes(range(64, 96)))), STORED) == "Ada Example"


def test_a_value_is_decrypted_only_in_its_column_for_its_owner_under_its_key() -> None:
    first, second = new_key(), new_key()
    encrypted = NAME.encrypt(first, "Ada Example")
    assert NAME.decrypt(first, encrypted) == "Ada Example"
    other_key_of_owner = second._replace(owner_id=first.owner_id)
    key_of_other_owner = first._replace(owner_id=second.owner_id)
    for column, key in ((OTHER, first), (NAME, second), (NAME, other_key_of_owner), (NAME, key_of_other_owner)):
        with pytest.raises(InvalidTag):
            column.decrypt(key, encrypted)


def test_a_value_with_a_changed_octet_is_not_decrypted() -> None:
    key = new_key()
    encrypted = NAME.encrypt(key, "Ada Example")
    for position in range(1, len(encrypted)):
        changed = bytearray(encrypted)
        changed[position] ^= 1
        with pytest.raises(InvalidTag):
            NAME.decrypt(key, bytes(changed))


def test_the_same_value_is_encrypted_differently_each_time() -> None:
    key = new_key()
    assert len({NAME.encrypt(key, "Ada Example") for _ in range(100)}) == 100


@pytest.mark.parametrize("text", ["", "a", "Ада Лавлейс", "\0" * 300])
def test_encryption_adds_its_overhead_and_keeps_the_text(text: str) -> None:
    key = new_key()
    encrypted = NAME.encrypt(key, text)
    assert len(encrypted) == len(text.encode()) + ENCRYPTION_OVERHEAD
    assert NAME.decrypt(key, encrypted) == text


def test_a_decryptor_returns_the_text_of_each_owner_and_none_for_null() -> None:
    first, second = new_key(), new_key()
    keys = {first.owner_id: first, second.owner_id: second}
    decrypt = NAME.decryptor()
    assert decrypt(keys, first.owner_id, NAME.encrypt(first, "Ada")) == "Ada"
    assert decrypt(keys, second.owner_id, NAME.encrypt(second, "Charles")) == "Charles"
    assert decrypt(keys, first.owner_id, None) is None
    with pytest.raises(InvalidTag):
        decrypt(keys, first.owner_id, NAME.encrypt(second, "Charles"))


def test_a_decryptor_raises_the_exception_that_reading_the_keys_raised() -> None:
    with pytest.raises(Unavailable):
        NAME.decryptor()(Unavailable(), OWNER, STORED)


def test_the_encrypted_columns_of_a_row_are_those_that_its_annotations_name() -> None:
    assert encrypted_columns(PersonRow) == {"name": NAME}
    assert encrypted_columns(DataKey) == {}
    assert encrypted_columns(str) == {}
