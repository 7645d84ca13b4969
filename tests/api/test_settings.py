"""Settings come from the environment; an unsafe or missing one is a sentence that says what to set."""

import os

import pytest

from api.settings import Settings, UnsafeSettingError
from models.encryption.master_keys import MasterKeys

SAFE = {
    "PRIVACY_DATABASE_URL": "postgresql:///privacy",
    "PRIVACY_KEYRING_URL": "postgresql:///keyring",
    "PRIVACY_MASTER_KEY": MasterKeys.generate(),
    "PRIVACY_PUBLIC_URL": "https://privacy.example.com",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PRIVACY_")]:
        monkeypatch.delenv(name)


def read(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings.read()


def test_safe_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, SAFE).environment == "production"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"PRIVACY_DATABASE_URL": "postgresql:///privacy"},
            "set PRIVACY_KEYRING_URL; set PRIVACY_MASTER_KEY",
        ),
        (
            {**SAFE, "PRIVACY_MASTER_KEY": "secret"},
            "PRIVACY_MASTER_KEY is VERSION:BASE64 of 32 octets, several separated by commas",
        ),
        (
            {**SAFE, "PRIVACY_READ_CONNECTIONS": "1000"},
            "set PRIVACY_READ_CONNECTIONS to something else: input should be less than or equal to 200",
        ),
        (
            {**SAFE, "PRIVACY_BACKUP_LIFE": "184d"},
            "set PRIVACY_BACKUP_LIFE to something else: input should be less than or equal to 183d",
        ),
        (
            {**SAFE, "PRIVACY_REPLICA_URLS": "postgresql://one/privacy, secret.example.com"},
            "set PRIVACY_REPLICA_URLS to URLs such as postgresql://…, separated by commas",
        ),
        (
            {**SAFE, "PRIVACY_REPLICA_LAG": "2d"},
            "set PRIVACY_REPLICA_LAG to something else: input should be less than or equal to 1d",
        ),
        ({**SAFE, "PRIVACY_PUBLIC_URL": "http://secret"}, "PRIVACY_PUBLIC_URL must begin with https://"),
        (
            {**SAFE, "PRIVACY_KEYRING_URL": SAFE["PRIVACY_DATABASE_URL"]},
            "PRIVACY_KEYRING_URL must name another database than PRIVACY_DATABASE_URL",
        ),
        (
            {**SAFE, "PRIVACY_JWKS_URL": "https://id.example.com/keys"},
            "PRIVACY_JWKS_URL needs PRIVACY_JWT_ISSUER and PRIVACY_JWT_AUDIENCE beside it",
        ),
    ],
)
def test_an_unsafe_one_is_named_and_never_repeated(
    values: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnsafeSettingError) as refused:
        read(monkeypatch, values)
    assert str(refused.value) == sentence


def test_replicas_are_urls_and_the_seconds_that_they_may_lag_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, SAFE).replicas == ([], 0.1)
    urls = ["postgresql://one/privacy", "postgresql://two/privacy"]
    settings = read(monkeypatch, SAFE | {"PRIVACY_REPLICA_URLS": ", ".join(urls), "PRIVACY_REPLICA_LAG": "250ms"})
    assert settings.replicas == (urls, 0.25)
