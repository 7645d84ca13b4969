"""Literals are checked as by graphql-core, entry by entry, and no error prints them."""

import json
from collections.abc import Iterator

from graphql import DocumentNode, GraphQLError, parse
from graphql.validation import ValuesOfCorrectTypeRule

from api.graphql import limits
from api.graphql.literal_rule import LiteralRule
from api.graphql.schema import core
from api.graphql.visiting import validation_steps
from models.errors import BadInput
from models.storage.turns import run_at_once
from tests.api.graphql.hostile_requests import Attacker

VALUES = (
    *("1", '"a"', "NOPE", "null", "true", "1.5", "[]", "{}", "[null]", "[[]]", "[1]", "[{}]", "$v", "[$v]", "{id: $v}"),
    *('{id: "x"}', "{id: 1}", "{id: null}", "{nope: 1}", '{id: "x", email: "y"}', "{account: {}}", "{account: 1}"),
    *('{account: {system: "a", reference: {}}}', '{account: {system: null, reference: "a", nope: [1]}}', '{ids: "x"}'),
    *('{ids: ["x", 1, null, [], {}]}', "{emails: {}}", '{accounts: {system: "a", reference: "b"}}', "{ids: [true]}"),
    *(
        '{accounts: [{system: "a"}, 1, null, [{}], $v]}',
        "[STORE]",
        "STORE",
        '"STORE"',
        "[STORE, NOPE]",
        "{id: {id: 1}}",
    ),
)
DOCUMENTS = (
    "{ subject(by: %s) { id } }",
    '{ consentDecisions(subjects: %s, purpose: "a") { allowed } }',
    '{ consentDecisions(subjects: {ids: ["x"]}, purpose: %s) { allowed } }',
    '{ consentDecision(subject: {id: "x"}, purpose: "a", at: %s) { allowed } }',
    "{ subjects(first: %s) { edges { cursor } } }",
    'mutation { issueToken(name: "a", roles: %s) { secret } }',
    'mutation { optOut(subject: {id: "x"}, channel: %s, purposes: []) { at } }',
    'mutation { optOut(subject: {id: "x"}, channel: STORE, purposes: %s) { at } }',
    "query($v: Int = %s) { viewer { role } }",
    "query($v: SubjectBy! = %s) { viewer { role } }",
    "{ viewer { role @include(if: %s) } }",
)
PROBLEMS = {
    "to include unknown field": "UNKNOWN_KEY",
    "OneOf Input Object": "EXACTLY_ONE_KEY",
    "to include required field": "REQUIRED",
    "not to be None": "REQUIRED",
}
"""What phrases of graphql-core's messages mean."""


def _documents() -> Iterator[DocumentNode]:
    for document in DOCUMENTS:
        # The default of a variable holds no variable.
        yield from (parse(document % value) for value in VALUES if "= %s" not in document or "$" not in value)
    for request in Attacker(11).requests(98):
        try:
            yield parse(json.loads(request.body)["query"], max_tokens=limits.TOKENS)
        except (GraphQLError, ValueError, RecursionError):
            continue


def _ours(document: DocumentNode) -> list[tuple[str, str]]:
    errors = run_at_once(validation_steps(core, document, [LiteralRule], 2_000))
    refusals = [error.original_error for error in errors]
    assert all(isinstance(refusal, BadInput) for refusal in refusals)
    problems = [refusal.extensions["problem"] for refusal in refusals if isinstance(refusal, BadInput)]
    return sorted((str(error.locations), str(problem)) for error, problem in zip(errors, problems, strict=True))


def _expected(document: DocumentNode) -> list[tuple[str, str]]:
    errors = run_at_once(validation_steps(core, document, [ValuesOfCorrectTypeRule], 2_000))
    return sorted((str(error.locations), _problem(error.message)) for error in errors)


def _problem(message: str) -> str:
    return next((problem for phrase, problem in PROBLEMS.items() if phrase in message), "WRONG_TYPE")


def test_literals_are_checked_as_by_graphql_core() -> None:
    counts = []
    for document in _documents():
        ours, expected = _ours(document), _expected(document)
        located = {error for error in expected if error[0] != "None"}  # graphql-core does not locate all of its errors
        text = document.loc and document.loc.source.body[:200]
        assert sorted(problem for _, problem in ours) == sorted(problem for _, problem in expected), text
        assert located <= {*ours}, text
        counts.append(len(expected))
    assert counts.count(0) > 50
    assert sum(map(bool, counts)) > 100


def test_a_long_list_is_checked_in_steps() -> None:
    purposes = 'mutation { optOut(subject: {id: "x"}, channel: STORE, purposes: [%s]) { at } }' % ('"a" ' * 1_900)
    people = '{ consentDecisions(subjects: {emails: [%s]}, purpose: "a") { allowed } }' % ('"a" ' * 1_900)
    for text in (purposes, people):
        assert len([*validation_steps(core, parse(text), [LiteralRule], 10)]) >= 3
