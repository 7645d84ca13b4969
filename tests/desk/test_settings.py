"""The settings of the desk: what is unsafe or missing stops the start with a sentence."""

from pathlib import Path
from typing import Any

import pytest

from desk.settings import DeskSettingError, DeskSettings

PRODUCTION: dict[str, Any] = {
    "url": "https://desk.example.com",
    "api_url": "https://privacy.example.com",
    "secret": "s" * 32,
    "oidc_issuer": "https://id.example.com",
    "oidc_client_id": "desk",
    "oidc_client_secret": "secret",
}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"oidc_issuer": None}, "PRIVACY_DESK_OIDC_ISSUER"),
        ({"secret": None}, "PRIVACY_DESK_SECRET"),
        ({"secret": "short"}, "PRIVACY_DESK_SECRET"),
        ({"url": "http://desk.example.com"}, "PRIVACY_DESK_URL"),
        ({"api_url": "http://privacy.example.com"}, "PRIVACY_DESK_API_URL"),
        ({"demo_tokens": Path("tokens.json")}, "PRIVACY_DESK_URL"),
        ({"oidc_token": "refresh_token"}, "PRIVACY_DESK_OIDC_TOKEN"),
    ],
)
def test_what_is_missing_or_unsafe_is_named(changes: dict[str, Any], name: str) -> None:
    with pytest.raises(DeskSettingError, match=name):
        DeskSettings.read(**(PRODUCTION | changes))


def test_settings_of_production_are_accepted() -> None:
    settings = DeskSettings.read(**PRODUCTION)
    assert settings.is_secure
    assert settings.hosts == {"desk.example.com"}
