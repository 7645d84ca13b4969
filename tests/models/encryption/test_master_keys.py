"""The master key has one form, wraps under its highest version and unwraps under every version."""

import base64

import pytest
from cryptography.exceptions import InvalidTag

from models.encryption.master_keys import MasterKeys

FIXED = f"7:{base64.b64encode(bytes(range(32))).decode()}"
DERIVED = "467ad3ace7456ff5a4c983d35e7a11e55a852bb68cdc79039af2385c2c08c315"
"""What an earlier release derived from FIXED for cursors."""


@pytest.mark.parametrize(
    "text",
    ["", "1", "1:", "1:AAAA", "0:" + "A" * 43 + "=", "x:" + "A" * 43 + "=", "1:" + "A" * 43, "40000:" + "A" * 43 + "="],
)
def test_a_master_key_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="VERSION:BASE64"):
        MasterKeys(text)


def test_a_version_occurs_once_and_the_highest_is_current() -> None:
    second = MasterKeys.generate(2)
    assert MasterKeys(f"{MasterKeys.generate(1)},{second}").current == 2
    with pytest.raises(ValueError, match="VERSION:BASE64"):
        MasterKeys(f"{second},{second}")


def test_a_secret_is_unwrapped_by_its_version_with_its_associated_data_only() -> None:
    first = MasterKeys.generate(1)
    both = MasterKeys(f"{MasterKeys.generate(2)},{first}")
    old = MasterKeys(first).wrap(b"secret", b"row 1")
    new = both.wrap(b"secret", b"row 1")
    assert both.unwrap(1, old, b"row 1") == both.unwrap(2, new, b"row 1") == b"secret"
    for version, wrapped, associated_data in ((2, old, b"row 1"), (1, new, b"row 1"), (1, old, b"row 2")):
        with pytest.raises(InvalidTag):
            both.unwrap(version, wrapped, associated_data)


def test_a_missing_version_is_named() -> None:
    with pytest.raises(LookupError, match="version 3, which PRIVACY_MASTER_KEY lacks"):
        MasterKeys(FIXED).unwrap(3, bytes(60), b"")


def test_a_generated_key_has_the_form_of_the_setting_and_is_never_the_same() -> None:
    assert MasterKeys(MasterKeys.generate(12)).current == 12
    assert MasterKeys.generate() != MasterKeys.generate()


def test_keys_for_other_uses_stay_what_an_earlier_release_derived() -> None:
    assert [key.hex() for key in MasterKeys(FIXED).derive_keys("cursors")] == [DERIVED]


def test_each_version_derives_a_key_for_each_use_and_the_current_one_comes_first() -> None:
    both = MasterKeys(f"{FIXED},{MasterKeys.generate(2)}")
    assert both.derive_keys("cursors")[0].hex() == DERIVED
    assert len({*both.derive_keys("cursors"), *both.derive_keys("webhook forum 1")}) == 4
