"""Hostile documents and variables are refused before they cost much processor time."""

import functools
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from graphql import GraphQLError, get_introspection_query

from api.graphql.errors import InvalidOperation
from api.graphql.input_screening import screen_variables
from api.graphql.prepare import prepare
from api.graphql.schema import core
from api.http.request import MAX_BODY_BYTES
from models.actors import Actor, Role
from models.errors import Refusal
from tests.conftest import Api

_Result = TypeVar("_Result")
ACTOR = Actor("a test", Role.PRIVACY, (Role.PRIVACY,), "case/1")
COSTLY = 0.06
"""Seconds of computing that the worst document may take; most of them take a third of that."""
QUICK = 0.002
"""Seconds in which a document is refused by its size alone."""


def refusal(document: str) -> tuple[str, object]:
    """Return the code and the limit by which a document is refused, or "OK"."""
    try:
        prepare(document, None, ACTOR)
    except Refusal as error:
        return error.code, error.extensions.get("limit")
    except InvalidOperation as refusals:
        [first, *_] = refusals.errors
        inner = first.original_error if isinstance(first, GraphQLError) else first
        return (inner.code if isinstance(inner, Refusal) else "GRAPHQL_INVALID"), len(refusals.errors)
    return "OK", None


def timed(run: Callable[[], _Result]) -> tuple[_Result, float]:
    """Return the result of a run, and its processor time in seconds."""
    began = time.thread_time()
    result = run()
    return result, time.thread_time() - began


def seconds(run: Callable[[], object], count: int = 3) -> float:
    """Return the processor time of the best of some runs, so that other work on the machine does not count."""
    return min(timed(run)[1] for _ in range(count))


PAGE = (
    "{id status registeredAt emails{address isPrimary} accounts{system reference} syncAccounts{id reference} "
    "consents{state channel effectiveAt purpose{key title}} consentHistory{edges{node{at state}} pageInfo{endCursor}}}"
)
LARGEST = "{" + " ".join(f'a{n}:subject(by:{{id:"sub_{n:032x}"}}){PAGE}' for n in range(20)) + "}"
"""A document that uses what the limits allow."""


ordinary_seconds = functools.cache(lambda: seconds(lambda: refusal(LARGEST)))
"""The processor time of ordinary work on this machine, measured once."""


def costs_little(run: Callable[[], object], cost: float, times: float = 1) -> bool:
    """Return whether this takes no more than the bound or, on a slow machine, than ordinary work takes there.

    ``cost`` is what it took once: it runs again only if that was more.
    """
    if cost < times * COSTLY or cost < times * 3 * ordinary_seconds():
        return True
    return seconds(run) < times * max(COSTLY, 3 * seconds(lambda: refusal(LARGEST)))


def fragments(count: int, inner: Callable[[int], str]) -> str:
    return " ".join(f"fragment F{index} on Viewer {{ {inner(index)} }}" for index in range(count))


def nested(depth: int, field: str, leaf: str) -> str:
    return leaf if depth == 0 else " ".join([f"{field}{{{nested(depth - 1, field, leaf)}}}"] * 2)


TOO_LARGE = {
    "too many tokens": ("tokens", "{" + "viewer{name}" * 600 + "}"),
    "a mebibyte of line ends": ("document", "{viewer{name}}" + "\n" * 1_000_000),
    "a mebibyte of comments": ("document", "#\n" * 500_000 + "{viewer{name}}"),
    "a mebibyte of aliases": ("document", "{" + " ".join(f"a{n}:viewer{{name}}" for n in range(60_000)) + "}"),
    "a name of a mebibyte": ("document", "{" + "a" * 1_000_000 + "}"),
    "a string of a mebibyte": ("document", '{node(id:"' + "4 " * 500_000 + '"){id}}'),
    "comments for the whole length": ("tokens", "#\n" * 12_000 + "{viewer{name}}" * 600),
    "13 levels": ("depth", "{" + "a{" * 12 + "a" + "}" * 13),
    "900 levels": ("depth", "{" + "a{" * 900 + "a" + "}" * 901),
    "900 levels of inline fragments": ("depth", "{viewer{" + "...{" * 900 + "name" + "}" * 902),
    "900 levels of lists": ("depth", "{a(b:" + "[" * 900 + "1" + "]" * 900 + ")}"),
    "900 levels of objects": ("depth", "{a(b:" + "{c:" * 600 + "1" + "}" * 600 + ")}"),
    "900 levels of a type": ("depth", "query($a:" + "[" * 900 + "Int" + "]" * 900 + "){a}"),
    "a chain of fragments": (
        "depth",
        "{viewer{...F0}}"
        + " ".join(f"fragment F{n} on A{{a{{...F{n + 1}}}}}" for n in range(20))
        + "fragment F20 on A{a}",
    ),
    "31 aliases": ("aliases", "{viewer{" + " ".join(f"a{n}:name" for n in range(31)) + "}}"),
    "31 aliases in fragments": (
        "aliases",
        "{viewer{...F0 ...F1}}" + fragments(2, lambda n: " ".join(f"a{n}{m}:name" for m in range(16))),
    ),
    "21 root fields": ("rootFields", "{" + "viewer{name}" * 21 + "}"),
    "21 root fields in a fragment": ("rootFields", "{...F}fragment F on Query{" + "viewer{name}" * 21 + "}"),
    "too many definitions": ("definitions", " ".join(f"query Q{n}{{viewer{{name}}}}" for n in range(200))),
    "fragments that double": (
        "fields",
        "{viewer{...F0}}" + fragments(60, lambda n: f"...F{n + 1} ...F{n + 1}") + "fragment F60 on Viewer{name}",
    ),
    "each fragment in each": (
        "fields",
        "{viewer{...F0}}" + fragments(30, lambda n: " ".join(f"...F{m}" for m in range(n + 1, 30)) + " name"),
    ),
    "980 times one field": ("comparisons", "{viewer{" + "name " * 980 + "}}"),
    "480 times one field": ("comparisons", "{viewer{" + "name " * 480 + "}}"),
    "20 times one root with 45 times one field": ("comparisons", "{" + ("viewer{" + "name " * 45 + "}") * 20 + "}"),
    "one field in 98 fragments": (
        "comparisons",
        "{viewer{" + " ".join(f"...F{n}" for n in range(98)) + "}}" + fragments(98, lambda _: "name role roles case"),
    ),
    "one field in 400 inline fragments": ("comparisons", "{viewer{" + "...{name}" * 400 + "}}"),
    "300 introspected fields": ("comparisons", '{__type(name:"A"){' + "ofType{name}" * 300 + "}}"),
    "introspection that doubles": ("comparisons", '{__type(name:"A"){' + nested(8, "ofType", "name") + "}}"),
    "a name of 65 characters": ("operationName", "query " + "a" * 65 + "{viewer{name}}"),
}
REFUSED = {
    "a cycle of fragments": "{viewer{...F0}}" + fragments(90, lambda n: f"...F{(n + 1) % 90} name"),
    "a cycle of every fragment": "{viewer{...F0}}" + fragments(30, lambda _: " ".join(f"...F{m}" for m in range(30))),
    "a fragment in itself": "{viewer{...F}}fragment F on Viewer{...F}",
    "one directive 280 times": "{viewer{name " + "@skip(if:true)" * 280 + "}}",
    "an unknown directive 980 times": "{viewer{name " + "@a" * 980 + "}}",
    "480 unused variables": "query(" + "".join(f"$v{n}:Int " for n in range(480)) + "){viewer{name}}",
    "one variable 480 times": "query(" + "$v:Int " * 480 + "){viewer{name}}",
    "one argument 600 times": "{node(" + "id:1 " * 600 + "){id}}",
    "unknown fields": "{viewer{" + " ".join(f"x{n}" for n in range(900)) + "}}",
    "wrong items in a list": 'mutation{optOut(subject:{id:"x"},channel:STORE,purposes:[' + "1 " * 1900 + "]){at}}",
    "unknown keys": "mutation{optOut(subject:{" + "a:1 " * 600 + "},channel:STORE,purposes:[]){at}}",
    "unknown enum values": 'mutation{issueToken(name:"a",roles:[' + "NOPE " * 1900 + "]){secret}}",
    "150 levels of lists": 'mutation{optOut(subject:{id:"x"},channel:STORE,purposes:'
    + "[" * 150
    + "]" * 150
    + "){at}}",
    "190 levels of objects": "mutation{optOut(subject:" + "{id:" * 190 + '""' + "}" * 190 + ",channel:STORE){at}}",
    "an endless string": '{node(id:"' + "a" * 30_000,
    "nothing but line ends": "\n" * 32_000,
    "commas to the end": "{viewer{name}}" + "," * 32_000 + "x",
}


@pytest.mark.parametrize(("limit", "document"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_document_past_a_limit_is_refused_by_it_before_work(limit: str, document: str) -> None:
    outcome, cost = timed(lambda: refusal(document))
    assert outcome == ("QUERY_TOO_LARGE", limit)
    assert costs_little(lambda: refusal(document), cost)
    if limit == "document" and cost >= QUICK:
        assert seconds(lambda: refusal(document)) < QUICK


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_a_hostile_document_within_the_limits_is_refused_at_little_cost(document: str) -> None:
    (code, errors), cost = timed(lambda: refusal(document))
    assert code in {"GRAPHQL_INVALID", "BAD_INPUT", "QUERY_TOO_LARGE"}
    assert errors is None or not isinstance(errors, int) or errors <= 10
    assert costs_little(lambda: refusal(document), cost)


def test_the_largest_documents_that_are_allowed_are_prepared_at_little_cost() -> None:
    outcome, cost = timed(lambda: refusal(LARGEST))
    assert outcome == ("OK", None)
    assert costs_little(lambda: refusal(LARGEST), cost)
    items = 'mutation{optOut(subject:{id:"x"},channel:STORE,purposes:[' + '"a" ' * 1900 + "]){at}}"
    outcome, cost = timed(lambda: refusal(items))
    assert outcome == ("OK", None)
    assert costs_little(lambda: refusal(items), cost)
    assert refusal(get_introspection_query()) == ("OK", None)


def test_no_depth_of_nesting_is_a_fault_of_ours() -> None:
    for depth in (*range(1, 16), *range(16, 260, 12)):
        for opening, inner, closing in (("[", '"x"', "]"), ("{id:", '"x"', "}"), ("{emails:[", "1", "]}")):
            literal = opening * depth + inner + closing * depth
            code, _ = refusal(f"{{consentDecision(subject:{literal},purpose:{literal}){{allowed}}}}")
            assert code in {"QUERY_TOO_LARGE", "BAD_INPUT", "FORBIDDEN", "GRAPHQL_INVALID"}


def test_an_answer_names_the_limit(api: Api) -> None:
    for limit, document in TOO_LARGE.values():
        answer = api.send({"query": document})
        # A document of a mebibyte makes a body of more.
        if answer.status_code != 413:
            assert answer.status_code == 400
            [error] = answer.json()["errors"]
            assert error["extensions"]["code"] == "QUERY_TOO_LARGE"
            assert error["extensions"]["limit"] == limit
            assert isinstance(error["extensions"]["most"], int)
            assert len(answer.content) < 1000


def test_an_answer_to_many_mistakes_is_short(api: Api) -> None:
    for document in REFUSED.values():
        answer = api.send({"query": document})
        assert answer.status_code == 400
        assert len(answer.content) < 70_000
        for error in answer.json()["errors"]:
            assert len(error.get("locations", ())) <= 5


DEEP: Any = "x"
for _ in range(900):
    DEEP = {"input" * 200: DEEP}
HEAVY = {
    "a long list": [1] * 500_000,
    "a long list of strings": ["abcdefgh"] * 90_000,
    "many keys": {f"k{n}": n for n in range(70_000)},
    "deep lists": json.loads("[" * 900 + "]" * 900),
    "deep objects with long keys": DEEP,
    "digits for a mebibyte": "4 " * 500_000,
    "long numbers": ["4111 1111 1111 1112 "] * 19_000,
    "a long string": "é" * 500_000,
    "line ends": "\n" * 1_000_000,
}


@pytest.mark.parametrize("value", HEAVY.values(), ids=HEAVY)
def test_heavy_variables_cost_little(api: Api, value: Any) -> None:
    def looked_at() -> str:
        try:
            screen_variables(core, (), {"a": value})
        except Refusal as error:
            return error.code
        return "OK"

    outcome, cost = timed(looked_at)
    assert outcome in {"OK", "QUERY_TOO_LARGE"}
    assert costs_little(looked_at, cost, 4)
    body = json.dumps({"query": "query($a: String) { viewer { role } }", "variables": {"a": value}}).encode()
    if len(body) < MAX_BODY_BYTES:
        assert api.send(body).json()["errors"][0]["extensions"]["code"] in {
            "QUERY_TOO_LARGE",
            "GRAPHQL_INVALID",
            "BAD_INPUT",
        }


def test_pages_and_batches_are_limited(api: Api) -> None:
    for first, code in ((101, "QUERY_TOO_LARGE"), (2**31 - 1, "QUERY_TOO_LARGE"), (0, "BAD_INPUT"), (-1, "BAD_INPUT")):
        answer = api.ask("PRIVACY", "query($n: Int) { subjects(first: $n) { edges { cursor } } }", n=first)
        assert answer.code == code
    assert api.ask("PRIVACY", "{ subjects(first: 100) { edges { cursor } } }").data
    assert api.ask("PRIVACY", "{ subjects(first: null) { edges { cursor } } }").data
    document = 'query($s: SubjectsBy!) { consentDecisions(subjects: $s, purpose: "newsletter") { allowed } }'
    emails = [f"user{n}@example.com" for n in range(1001)]
    assert api.ask("STORE", document, s={"emails": emails}).code == "QUERY_TOO_LARGE"
    assert len(api.ask("STORE", document, s={"emails": emails[:1000]}).data["consentDecisions"]) == 1000
