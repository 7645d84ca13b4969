"""Tests of comments in documents: a card number in them is refused, anything else is not."""

import pytest

from tests.conftest import Api
from tests.values import contains

VISA = "4111111111111111"


@pytest.mark.parametrize(
    "document",
    [
        f"# {VISA}\n{{ viewer {{ role }} }}",
        f"{{ viewer {{ role }} }} # card: {VISA}",
        "# 4111 1111\n# 1111 1111\n{ viewer { role } }",
        "{ viewer { # 4111,1111,1111,1111\n role } }",
    ],
)
def test_a_card_number_in_a_comment_is_refused(api: Api, capsys: pytest.CaptureFixture[str], document: str) -> None:
    answer = api.send({"query": document})
    assert answer.json()["errors"][0]["extensions"]["code"] == "CARD_NUMBER_REFUSED"
    api.send({"query": "{ viewer { role } }"})
    captured = capsys.readouterr()
    text = answer.text + captured.out + captured.err
    assert not any(contains(text, digits) for digits in (VISA, "4111", "1111", "4111,1111,1111,1111"))


def test_other_comments_and_a_hash_in_a_string_are_accepted(api: Api) -> None:
    for document in ("# 2026-01-01, order 12345678\n{ viewer { role } } #", '{ node(id: "#") { id } }'):
        assert "data" in api.send({"query": document}, "STORE").json()
