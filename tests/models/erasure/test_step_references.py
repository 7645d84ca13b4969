"""The references of a step are encrypted together, within the bound that the table checks."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.encryption.encrypted_column import DataKey
from models.erasure import step_references
from models.erasure.step_references import MAX_LIST_LENGTH, MAX_REFERENCES, REFERENCE, REFERENCE_LIST
from models.storage.ids import new_id
from models.subjects.identifiers import REFERENCE_LENGTH


def key() -> DataKey:
    return DataKey(new_id(), AESGCM(AESGCM.generate_key(256)))


def test_references_are_read_as_they_were_written() -> None:
    owner, references = key(), ["ada-1", 'quoted " and \\', "Zürich"]
    first, every = step_references.encrypt_references(owner, references)
    assert REFERENCE.decrypt(owner, first) == "ada-1"
    assert step_references.parse_references(REFERENCE_LIST.decrypt(owner, every), "ada-1") == references


def test_a_step_of_an_earlier_version_has_its_account_reference() -> None:
    assert step_references.parse_references(None, "ada-1") == ["ada-1"]
    assert step_references.parse_references(None, None) == []


def test_the_longest_references_fit_the_bound() -> None:
    for longest in ("\U0001f600" * REFERENCE_LENGTH, '"' * REFERENCE_LENGTH):
        _, every = step_references.encrypt_references(key(), [longest] * MAX_REFERENCES)
        assert len(every) <= MAX_LIST_LENGTH
