"""``privacy systems add`` refuses targets that no webhook may have, with a sentence."""

from pathlib import Path

import pytest

from tests.cli.commands import privacy
from tests.conftest import Databases

pytestmark = pytest.mark.anyio
REFUSED = (
    "https://h.example.com:99999/",
    "https://h.example.com:0/",
    "https://h.example.com/\r\nHost: other",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1]/hook",
    "https://10.1.2.3/hook",
    "https://user:secret@h.example.com/hook",
    "https://[::ffff:10.1.2.3]/hook",
    "https://2130706433/hook",
    "https://0177.0.0.1/hook",
    "http://h.example.com/hook",
    "ftp://h.example.com/hook",
)


async def test_a_system_subscribes_to_changes_of_the_feed(clean: Databases, tmp_path: Path) -> None:
    async def run(*arguments: str) -> tuple[int, str, str]:
        result = await privacy("systems", *arguments, on=clean, at=tmp_path)
        return result.code, result.out, result.errors

    url, events = "https://shop.example.com/hook", ("--events", "consent-changes")
    code, _, errors = await run("add", "shop", *events)
    assert (code, "set --webhook" in errors) == (2, True)
    assert (await run("list"))[1] == ""
    code, _, errors = await run("add", "shop", "--webhook", url, *events, "--role", "ANALYST")
    assert (code, "ANALYST may not read the change feed" in errors) == (2, True)
    code, out, errors = await run("add", "shop", "--webhook", url, *events, "--role", "STORE", "--from", "now")
    assert (code, out[:6]) == (0, "whsec_"), errors
    assert (await run("list"))[1] == f"shop  {url}  consent-changes as STORE, 0 waiting\n"
    assert (await run("add", "shop", "--webhook", url, "--always"))[0] == 0
    assert (await run("list"))[1] == f"shop  {url}  always  consent-changes as STORE, 0 waiting\n"
    assert (await run("add", "shop", *events))[0] == 0
    assert (await run("list"))[1] == f"shop  {url}  consent-changes as SERVICE, 0 waiting\n"
    assert (await run("add", "shop", "--webhook", url, "--events", "none"))[0] == 0
    assert (await run("list"))[1] == f"shop  {url}\n"
    assert (await run("add", "shop", *events))[0] == 0
    assert (await run("remove", "shop"))[0] == 0
    assert (await run("remove", "shop"))[0] == 2
    assert (await run("add", "shop", "--webhook", url))[0] == 0
    assert (await run("list"))[1] == f"shop  {url}\n", "the subscription ended with the registration"


async def test_bad_addresses_are_refused_and_good_ones_taken(clean: Databases, tmp_path: Path) -> None:
    networks = {"PRIVACY_WEBHOOK_NETWORKS": "10.9.0.0/16"}
    for url in REFUSED:
        result = await privacy("systems", "add", "forum", "--webhook", url, on=clean, variables=networks, at=tmp_path)
        assert (result.code, result.out) == (1, ""), url
        assert result.errors.startswith("privacy: BAD_INPUT: "), url
        assert "secret" not in result.errors
    for url in ("https://10.9.1.1/hook", "https://forum.internal:8443/hook?a=b"):
        result = await privacy("systems", "add", "forum", "--webhook", url, on=clean, variables=networks, at=tmp_path)
        assert result.code == 0, result.errors
        assert result.out.startswith("whsec_")
