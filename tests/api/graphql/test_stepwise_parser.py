"""Documents are parsed in steps as graphql-core does it at once, and no step is long."""

import json

import pytest
from graphql import GraphQLError, Lexer, Source, parse

from api.graphql import limits
from api.graphql.stepwise_parser import SLICE_TOKENS, StepwiseParser
from models.storage.turns import run_at_once
from tests.api.graphql.hostile_requests import Attacker

DOCUMENTS = (
    "query Name($a: [Int!]! = [1] @skip(if: true), $b: In = {c: [$d]}) @include(if: $a) { a: b(c: {d: [$e, E]}) @f }",
    'mutation { a(b: null, c: true, d: 1.5, e: """f""", g: -1) { ... on H @i { j } ...K @l ... @m { n } ... { o } } }',
    "subscription { a } fragment F on T @b { c } fragment G on U { d(e: []) { f } } { h(i: {}) }",
    '"described" query A { a } type B { c: D } extend enum E { F }',
    *(
        "fragment on on T { a }",
        "{ a(b: }",
        "{ a(b: [1) }",
        "{ }",
        "{ a() }",
        "query ( ) { a }",
        "{ a @ }",
        "{ ...on }",
    ),
    *("fragment F { a }", "{ a: }", "{ a(b: {c}) }", "query Q(a: Int) { a }", "nope { a }", "{ a } }", "{ ... }", "@a"),
    *("{ a(b: " + "[" * 199 + "]" * 199 + ") }", "{ a(b: " + "[" * 200 + "]" * 200 + ") }", "{ a" * 201 + " }" * 201),
)


def _outcome(text: str) -> object:
    source = Source(text)
    parser = StepwiseParser(source, max_tokens=limits.TOKENS, lexer=Lexer(source), allow_empty_selection_sets=False)
    try:
        return run_at_once(parser.document_steps()).to_dict(locations=True)
    except GraphQLError as error:
        return str(error)
    except RecursionError:
        return "nested"


def _expected(text: str) -> object:
    try:
        return parse(text, max_tokens=limits.TOKENS, allow_empty_selection_sets=False).to_dict(locations=True)
    except GraphQLError as error:
        return "nested" if "nested" in str(error) else str(error)


def test_documents_are_parsed_as_by_graphql_core() -> None:
    hostile = [json.loads(request.body)["query"] for request in Attacker(7).requests(70) if request.body.endswith(b"}")]
    for text in (*DOCUMENTS, *hostile):
        assert _outcome(text) == _expected(text), text[:100]


@pytest.mark.parametrize(
    "text",
    [
        "{ a(b: [%s]) }" % ("1 " * 1900),
        "{ a(b: {%s}) }" % ("c: 1 " * 600),
        "{ a(%s) }" % ("b: 1 " * 600),
        "{ a %s }" % ("@b " * 900),
        "{ a { %s } }" % ("b " * 1900),
        "query(%s) { a }" % ("$a: B " * 400),
        " ".join(["fragment F on T { a { b c } }"] * 150),
        "{ a(b: %s) }" % ("[ 1 2 3 4 5 6 7 8 " * 150 + "]" * 150),
    ],
)
def test_no_step_parses_many_tokens(text: str) -> None:
    source = Source(text)
    parser = StepwiseParser(source, lexer=Lexer(source))
    counts = [0, *(parser.token_count for _ in parser.document_steps())]
    longest = max(after - before for before, after in zip(counts, [*counts[1:], parser.token_count], strict=True))
    assert longest < SLICE_TOKENS + 20
