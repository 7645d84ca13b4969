"""The explorer exists in development, or where a setting permits it; examples and tokens are for whom they are for."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.routes import explorer
from api.settings import Settings, UnsafeSettingError
from models.encryption.master_keys import MasterKeys

pytestmark = pytest.mark.anyio
BROWSER = {"accept": "text/html,application/xhtml+xml"}


def settings(environment: str, **changes: Any) -> Settings:
    return Settings.read(
        database_url="postgresql://127.0.0.1:1/privacy",
        keyring_url="postgresql://127.0.0.1:1/keyring",
        master_key=MasterKeys.generate(),
        environment=environment,
        public_url="https://privacy.example.com",
        **changes,
    )


async def fetch(
    with_settings: Settings, path: str, client: str = "127.0.0.1", host: str = "127.0.0.1", **headers: str
) -> httpx2.Response:
    transport = httpx2.ASGITransport(create_app(with_settings), client=(client, 1))
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{host}") as browser:
        return await browser.get(path, headers=BROWSER | headers)


async def test_in_production_there_is_no_explorer_unless_a_setting_permits_it(tmp_path: Path) -> None:
    page = await fetch(settings("production"), "/")
    assert page.headers["content-type"].startswith("text/plain")
    assert page.text.startswith("Privacy API")
    for name in ("options.json", "explorer.js", "graphiql.js"):
        assert (await fetch(settings("production"), f"/explorer/{name}")).status_code == 404
    permitted = settings("production", explorer=True)
    assert (await fetch(permitted, "/explorer/explorer.js")).status_code == 200
    options = (await fetch(permitted, "/explorer/options.json")).json()
    assert options["tokens"] == {}
    assert (await fetch(settings("development", explorer=False), "/explorer/explorer.js")).status_code == 404
    with pytest.raises(UnsafeSettingError, match="PRIVACY_EXPLORER_TOKENS"):
        settings("production", explorer=True, explorer_tokens=tmp_path / "tokens.json")


async def test_programs_get_the_list_of_paths_and_browsers_a_page_with_a_strict_policy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (await fetch(settings("development"), "/", accept="*/*")).text.startswith("Privacy API")
    monkeypatch.setattr(explorer, "FILES", {"graphiql.js": tmp_path / "missing.js"})
    missing = await fetch(settings("development"), "/")
    assert (missing.status_code, "make explorer" in missing.text) == (503, True)
    assert (await fetch(settings("development"), "/explorer/graphiql.js")).status_code == 404
    monkeypatch.setattr(explorer, "FILES", {"explorer.js": explorer.TEMPLATES / "explorer.js"})
    page = await fetch(settings("development"), "/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert {part.split()[0] for part in policy.split("; ")} >= {"default-src", "script-src", "connect-src", "base-uri"}
    assert (await fetch(settings("development"), "/explorer/..%2f..%2fsettings.py")).status_code == 404


async def test_tokens_are_offered_to_this_machine_only(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"STORE": "prv_example"}))
    demo = settings("development", explorer_tokens=tokens)
    for headers, client, host, is_offered in (
        ({}, "127.0.0.1", "127.0.0.1", True),
        ({"sec-fetch-site": "same-origin"}, "127.0.0.1", "localhost", True),
        ({}, "192.0.2.7", "127.0.0.1", False),
        ({}, "127.0.0.1", "attacker.example.com", False),
        ({"sec-fetch-site": "cross-site"}, "127.0.0.1", "127.0.0.1", False),
    ):
        answer = await fetch(demo, "/explorer/options.json", client, host, **headers)
        assert (answer.json()["tokens"] == {"STORE": "prv_example"}) is is_offered, (headers, client, host)


def test_examples_name_the_roles_that_may_use_all_of_their_fields() -> None:
    by_name = {example.name: example for example in explorer.examples()}
    assert by_name["viewer"].roles == [role["name"] for role in explorer.Explorer(None).options["roles"]]
    assert "BILLING" not in by_name["consent-receipt"].roles
    assert by_name["record-sync"].roles == ["SYNC"]
    assert json.loads(by_name["subject-page"].variables)["subject"]
