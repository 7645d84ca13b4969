"""Headers of every page, and forms that come from somewhere else."""

import httpx2
import pytest

from desk.security import HEADERS
from tests.conftest import Api
from tests.desk.agents import Agent
from tests.people import known


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere", "/healthz", "/static/1/desk.js"])
def test_every_answer_has_the_headers(desk_url: str, path: str) -> None:
    answer = httpx2.get(desk_url + path, verify=False)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == (
        "public, max-age=31536000, immutable" if "static" in path else "no-store"
    )
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_files_that_caches_keep_have_no_session(support: Agent) -> None:
    for path, count in (("/static/1/desk.js", 0), ("/static/1/nothing.js", 1), ("/", 1)):
        assert len(support.client.get(path).headers.get_list("set-cookie")) == count, path


def test_pages_have_no_inline_script_and_no_inline_style(api: Api, support: Agent) -> None:
    known(api)
    support.find("user@example.com")
    assert "style=" not in support.page.text
    assert "<style" not in support.page.text
    assert "javascript:" not in support.page.text
    assert "onclick" not in support.page.text


def test_a_form_from_another_origin_or_without_the_token_changes_nothing(api: Api, support: Agent) -> None:
    person = known(api)
    support.find("user@example.com")
    path, fields = f"/people/{person.id}/choices", {"channel": "PHONE", "everything": "yes"}
    with_token = fields | {"csrf": support.csrf}
    for origin in ("https://evil.example", "null", "", support.url + ".evil.example"):
        answer = support.client.post(path, data=with_token, headers={"origin": origin})
        assert answer.status_code == 403
    for sent in (fields, fields | {"csrf": "guess"}):
        assert support.client.post(path, data=sent).status_code == 403
    assert "The person opted out of everything on" not in support.open(f"/people/{person.id}")


def test_another_host_name_has_no_desk(desk_url: str) -> None:
    assert httpx2.get(desk_url, headers={"host": "desk.evil.example"}, verify=False).status_code == 421


def test_a_form_that_is_too_large_is_refused(api: Api, support: Agent) -> None:
    answer = support.client.post("/search", data={"csrf": support.csrf, "query": "x" * 200_000})
    assert answer.status_code == 413
    answer = support.client.post("/search", data={f"field{number}": "x" for number in range(400)})
    assert answer.status_code == 413
