"""Sessions: the cookie reveals no token, expires, and a forged one is worth nothing."""

import base64
from dataclasses import field, make_dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from desk import sessions
from desk.sessions import IDLE_SECONDS, LONGEST_SECONDS, Session, SessionCodec, Sessions
from tests.conftest import Api
from tests.desk.agents import SignIn

CODEC = SessionCodec("s" * 32)


class Clock:
    """Stands for the module ``time``."""

    def __init__(self, moment: float) -> None:
        self.moment = moment

    def time(self) -> float:
        return self.moment


def test_a_cookie_keeps_the_session_and_reveals_nothing() -> None:
    session = Session()
    session.sign_in("prv_secret", role="SUPPORT", zone="Europe/Berlin")
    session.notify("person.granted")
    cookie = CODEC.encode(session)
    assert CODEC.decode(cookie) == session
    assert b"prv_secret" not in base64.urlsafe_b64decode(cookie)
    assert [each.text for each in session.take_notices()] == ["person.granted"]
    assert session.take_notices() == []


def test_another_role_has_a_menu_that_is_not_known_yet() -> None:
    session = Session(menu=3)
    session.act_as("PRIVACY")
    assert (session.role, session.menu) == ("PRIVACY", 0)


def test_another_agent_begins_without_the_case_and_the_forms_of_the_one_before() -> None:
    session = Session(case="case/1")
    session.sign_in("prv_secret", agent="ada", role="PRIVACY")
    csrf = session.csrf
    session.sign_out()
    session.case = "case/2"
    session.sign_in("prv_secret", agent="ada", role="PRIVACY")
    assert (session.csrf, session.case, session.role) == (csrf, "case/2", "PRIVACY")
    session.sign_in("prv_secret", agent="bo", role="PRIVACY")
    assert (session.csrf == csrf, session.case, session.role) == (False, "", "")
    assert "ada" not in session.agent


def test_a_cookie_of_a_later_version_is_read() -> None:
    later = make_dataclass("LaterSession", [("tint", str, field(default=""))], bases=(Session,))()
    later.sign_in("prv_secret")
    assert CODEC.decode(CODEC.encode(later)).token == "prv_secret"


def test_a_forged_cookie_and_one_of_another_desk_are_no_session() -> None:
    session = Session()
    session.sign_in("prv_secret")
    for cookie in (None, "", "what", CODEC.encode(session)[:-2], SessionCodec("t" * 32).encode(session)):
        assert CODEC.decode(cookie).token == ""


@pytest.mark.parametrize("seconds", [IDLE_SECONDS + 1, LONGEST_SECONDS + 1])
def test_a_session_ends_and_keeps_its_form_token(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    session = Session()
    session.sign_in("prv_secret")
    cookie = CODEC.encode(session)
    clock: Any = Clock(session.signed_in_at + seconds)
    monkeypatch.setattr(sessions, "time", clock)
    ended = CODEC.decode(cookie)
    assert (ended.token, ended.csrf) == ("", session.csrf)


def test_cookies_are_strict_and_out_of_reach_of_scripts(api: Api, sign_in: SignIn) -> None:
    agent = sign_in("SUPPORT")
    [cookie] = agent.client.get("/").headers.get_list("set-cookie")
    assert cookie.startswith("desk=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")


@pytest.mark.parametrize("path", ["//evil.example/x", "///evil.example/x", "/\\evil.example/x", "/%5Cevil.example/x"])
def test_a_link_from_another_site_leads_nowhere_but_to_the_desk(path: str) -> None:
    async def no_page(*_: object) -> None:
        raise AssertionError

    client = TestClient(Sessions(no_page, CODEC, is_secure=True), base_url="https://desk.example.com")
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answer = client.get(f"https://desk.example.com{path}", headers=headers)
    address = answer.headers["refresh"].removeprefix("0;url=")
    assert urlsplit(urljoin("https://desk.example.com/", address.replace("\\", "/"))).netloc == "desk.example.com"
