"""Documents are parsed in steps as graphql-core does it at once; what a plan does not need of them is freed."""

import gc
import json

import pytest
from graphql import DocumentNode, FieldNode, GraphQLError, Location, StringValueNode, Token, parse

from api.graphql import limits
from api.graphql.errors import InvalidOperation
from api.graphql.parsing import parsing_steps, release_tokens, releasing_steps
from api.graphql.prepare import prepare
from models.actors import Actor, Role
from models.errors import QueryTooLarge, Refusal
from models.storage.turns import run_at_once
from tests.api.graphql.hostile_requests import Attacker

MANY_LITERALS = '{ consentDecisions(subjects: {emails: [%s]}, purpose: "newsletter") { allowed } }' % ('"a", ' * 900)


def _outcome(text: str) -> object:
    try:
        return run_at_once(parsing_steps(text)).to_dict(locations=True)
    except InvalidOperation as error:
        return [each.locations for each in error.errors]  # type: ignore[union-attr]
    except QueryTooLarge:
        return "too large"


def _expected(text: str) -> object:
    try:
        return parse(text, max_tokens=limits.TOKENS, allow_empty_selection_sets=False).to_dict(locations=True)
    except (GraphQLError, RecursionError) as error:
        is_limit = any(word in str(error) for word in ("tokens", "nested"))
        return "too large" if is_limit or not isinstance(error, GraphQLError) else error.locations and [error.locations]


def test_documents_are_parsed_as_by_graphql_core() -> None:
    texts = [json.loads(request.body)["query"] for request in Attacker(5).requests(98) if request.body.endswith(b"}")]
    texts += ["", "{ a \u0000", '{ a(b: "', "{ a } \n\n ?", "{ a }" + "#\n" * 3_000, "{ a } }", "{ " * 500]
    for text in texts:
        if len(text) <= limits.DOCUMENT:
            assert _outcome(text) == _expected(text), text[:100]


def test_a_long_document_is_parsed_in_steps() -> None:
    assert len([*parsing_steps(MANY_LITERALS)]) >= 4


@pytest.mark.parametrize(("text", "refusal"), [("#\n" * 16_000, QueryTooLarge), ("\n" * 32_000, InvalidOperation)])
def test_a_document_of_many_lines_is_refused_in_another_step_than_it_is_read(
    text: str, refusal: type[Exception]
) -> None:
    steps = parsing_steps(text)
    next(steps)
    with pytest.raises(refusal):
        next(steps)


def test_tokens_are_freed_and_fields_keep_their_places() -> None:
    gc.collect()
    tokens, locations = _count(Token), _count(Location)
    document = run_at_once(parsing_steps(MANY_LITERALS))
    assert _count(Token) > tokens + 900
    release_tokens(document)
    run_at_once(releasing_steps(document))
    assert _count(Token) < tokens + 10
    assert _count(Location) < locations + 20
    operation = document.definitions[0]
    assert isinstance(document, DocumentNode)
    assert GraphQLError("here", operation.selection_set.selections[0]).locations == [(1, 3)]  # type: ignore[attr-defined]


REFUSED = {
    "a literal": MANY_LITERALS.replace('"newsletter"', "1"),
    "a field": MANY_LITERALS.replace("allowed", "nope"),
    "the end": MANY_LITERALS + "}",
    "many tokens": MANY_LITERALS.replace('"a"', '"a" "a" "a"'),
    "many aliases": "{" + " ".join(f"a{number}: viewer {{ role }}" for number in range(40)) + "}",
    "a card number": MANY_LITERALS.replace("newsletter", "4111111111111111"),
    "a variable": MANY_LITERALS.replace('"newsletter"', "$a"),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_refused_document_is_freed_without_the_collector(text: str) -> None:
    gc.collect()
    gc.disable()
    try:
        before = _count(Token) + _count(StringValueNode) + _count(FieldNode)
        _prepare(text)
        assert _count(Token) + _count(StringValueNode) + _count(FieldNode) == before
    finally:
        gc.enable()


def _prepare(text: str) -> None:
    with pytest.raises((InvalidOperation, Refusal)):
        prepare(text, None, Actor("a test", Role.STORE, (Role.STORE,)))


def _count(cls: type) -> int:
    return sum(type(each) is cls for each in gc.get_objects())
