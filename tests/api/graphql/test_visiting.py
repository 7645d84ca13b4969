"""Documents are visited and validated in steps as graphql-core does it at once, hostile ones too."""

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    SelectionSetNode,
    VariablesInAllowedPositionRule,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)

from api.graphql import limits, visiting
from api.graphql.prepare import MAX_ERRORS
from api.graphql.schema import core
from models.storage.turns import run_at_once
from tests.api.graphql.hostile_requests import Attacker

VARIABLE_RULES = [NoUndefinedVariablesRule, NoUnusedVariablesRule, VariablesInAllowedPositionRule]
MANY_VARIABLES = "{ consentDecisions(subjects: {emails: [%s]}, purpose: $a) { allowed } }" % ("$a " * 900)


class _Events(Visitor):
    """Records what is entered and left, and where. It skips some nodes, and may end the visit."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = Random(seed)
        self.events: list[Any] = []

    def _record(self, node: Any, key: object, parent: Any, path: list[Any], ancestors: list[Any]) -> Any:
        self.events.append((node.kind, key, type(parent), [*path], [type(each) for each in ancestors]))
        chance = self.random.random()
        is_skipped = chance < 0.05 and node.kind != "document"
        return True if chance < 0.001 else False if is_skipped else None

    def enter(self, *arguments: Any) -> Any:
        return self._record(*arguments)

    def leave(self, *arguments: Any) -> Any:
        return self._record(*arguments)


def _documents() -> Iterator[DocumentNode]:
    for request in Attacker(3).requests(70):
        try:
            yield parse(json.loads(request.body)["query"], max_tokens=limits.TOKENS)
        except (GraphQLError, ValueError, RecursionError):
            continue


def test_documents_are_visited_and_validated_as_by_graphql_core() -> None:
    documents = [*_documents()]
    assert len(documents) > 30
    rule_count = len(specified_rules)
    for number, document in enumerate(documents):
        ours, theirs = _Events(number), _Events(number)
        run_at_once(visiting.visiting_steps(document, ours))
        visit(document, theirs, visiting.KEYS_TO_VALIDATE)
        assert ours.events == theirs.events
        rules = specified_rules[number % rule_count :][:3]
        compare(document, rules)
        compare(document, VARIABLE_RULES)


def compare(document: DocumentNode, rules: Sequence[type[ASTValidationRule]]) -> None:
    steps = visiting.validation_steps(core, document, rules, MAX_ERRORS, finds_usages=True)
    expected = validate(core, document, rules, max_errors=MAX_ERRORS, hide_suggestions=True)
    assert [(each.message, each.locations) for each in run_at_once(steps)] == [
        (each.message, each.locations) for each in expected
    ]


def test_a_long_document_is_validated_in_many_steps() -> None:
    document = parse("{ viewer { %s } }" % ("role " * 900))
    assert len([*visiting.validation_steps(core, document, specified_rules[:1], MAX_ERRORS)]) >= 3


def test_uses_of_variables_are_found_in_steps() -> None:
    document = parse(f"query($a: String!) {MANY_VARIABLES}")
    steps = [*visiting.validation_steps(core, document, VARIABLE_RULES, MAX_ERRORS, finds_usages=True)]
    at_once = [*visiting.validation_steps(core, document, VARIABLE_RULES, MAX_ERRORS)]
    assert len(steps) >= 2 * len(at_once) >= 2


@pytest.mark.parametrize("node", [SelectionSetNode, OperationDefinitionNode, FragmentDefinitionNode])
def test_no_rule_computes_the_hash_of_a_node_from_all_nodes_in_it(
    node: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[object] = []

    def hash_of(each: object) -> int:
        hashed.append(each)
        return id(each)

    monkeypatch.setattr(node, "__hash__", hash_of)
    text = "query($a: ID!) { node(id: $a) { id ...F } } fragment F on Subject { ...G } fragment G on Subject { id }"
    assert run_at_once(visiting.validation_steps(core, parse(text), specified_rules, MAX_ERRORS)) == []
    assert hashed == []
