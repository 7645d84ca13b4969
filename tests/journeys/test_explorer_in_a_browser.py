"""The explorer in Chromium: a support agent's query runs for a case, and nothing comes from elsewhere."""

import json
import time
from typing import Any

import pytest

from api.routes import explorer
from tests.browser import Browser, opened, program
from tests.conftest import Api
from tests.people import known

pytestmark = [
    pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh"),
    pytest.mark.skipif(not explorer.has_files(), reason="GraphiQL is not fetched: make explorer"),
]
EDITORS = "[...document.querySelectorAll('.CodeMirror')].map((editor) => editor.CodeMirror.getValue())"
TYPES = "[...document.querySelectorAll('.graphiql-doc-explorer-type-name')].map((link) => link.textContent)"


def wait_for(browser: Browser, script: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if value := browser.value(script):
            return value
        time.sleep(0.05)
    raise TimeoutError(script)


def set_value(browser: Browser, field: str, value: str) -> None:
    """Choose or type a value in the bar of the explorer."""
    browser.value(
        f"(() => {{ const field = document.getElementById({json.dumps(field)}); field.value = {json.dumps(value)};"
        "field.dispatchEvent(new Event('change')); })()"
    )


def test_an_agent_runs_an_example_for_a_case(api: Api) -> None:
    known(api, "ada@example.com")
    with opened(width=1400) as browser:
        browser.open(api.url + "/")
        assert wait_for(browser, "document.getElementById('role').value") == "STORE"
        assert wait_for(browser, "document.querySelector('main p').textContent.startsWith('Enter a token')")
        set_value(browser, "role", "SUPPORT")
        set_value(browser, "token", api.secrets["SUPPORT"])
        set_value(browser, "case", "#1042")
        assert wait_for(browser, "document.querySelector('#example option[value=subject-page]') !== null")
        assert not browser.value("document.querySelector('#example option[value=store-payment-fragment]') !== null")
        set_value(browser, "example", "subject-page")
        wait_for(browser, f"{EDITORS}.some((text) => text.includes('SubjectPage'))")
        [headers] = [text for text in browser.value(EDITORS) if "Authorization" in text]
        assert json.loads(headers) == {
            "Authorization": f"Bearer {api.secrets['SUPPORT']}",
            "X-Role": "SUPPORT",
            "X-Case": "#1042",
        }
        browser.value("document.querySelector('.graphiql-execute-button').click()")
        result = wait_for(browser, f"{EDITORS}.find((text) => text.includes('displayName') && text.includes('data'))")
        assert json.loads(result)["data"]["subject"]["displayName"] == "Ada Example"

        browser.value("document.querySelector('button[aria-label=\"Show Documentation Explorer\"]').click()")
        types = wait_for(browser, f"{TYPES}.length > 20 && {TYPES}")
        assert "Letter" in types
        assert "PaymentFragmentInput" not in types, "the schema is that of the role"
        browser.value("document.querySelector('button[aria-label=\"Open settings dialog\"]').click()")
        wait_for(browser, "document.querySelector('.graphiql-dialog') !== null")

        assert browser.errors == []
        assert {url for url in browser.requests if not url.startswith((api.url + "/", "data:"))} == set()
        stored = browser.value("JSON.stringify([Object.entries(localStorage), document.cookie])")
        assert "prv_" not in stored, "no token outlives the page"
