"""Documents are visited and validated in steps as graphql-core does it at once, hostile ones too."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from graphql import DocumentNode, GraphQLError, Visitor, parse, specified_rules, validate, visit

from api.graphql import limits, visiting
from api.graphql.prepare import MAX_ERRORS
from api.graphql.schema import core
from models.storage.turns import run_at_once
from tests.api.graphql.hostile_requests import Attacker


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
        errors = run_at_once(visiting.validation_steps(core, document, rules, MAX_ERRORS))
        expected = validate(core, document, rules, max_errors=MAX_ERRORS, hide_suggestions=True)
        assert [(each.message, each.locations) for each in errors] == [
            (each.message, each.locations) for each in expected
        ]


def test_a_long_document_is_validated_in_many_steps() -> None:
    document = parse("{ viewer { %s } }" % ("role " * 900))
    assert len([*visiting.validation_steps(core, document, specified_rules[:1], MAX_ERRORS)]) >= 3
