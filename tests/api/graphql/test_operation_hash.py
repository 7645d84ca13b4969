"""Operations are hashed in steps, as graphql-core prints them, every literal emptied."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from graphql import (
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    StringValueNode,
    Visitor,
    get_introspection_query,
    parse,
    print_ast,
    visit,
)

from api.graphql import limits
from api.graphql.operation_hash import hash_steps
from models.storage.turns import run_at_once
from tests.api.graphql.hostile_requests import Attacker

DOCUMENT = """
"described" query Q($a: [In!]! = [{b: 1, c: "two"}] @d(e: 3.5), $f: Int) @include(if: $f) {
  g: h(i: \"\"\"block\"\"\", j: [[1], [], ["%s"]], k: {l: {m: null, n: true, o: P}}, q: $f) @skip(if: false) { r ...S }
  ... on T { u(v: "%s") { w } } ... @x { y }
}
fragment S on T { z(aa: %s) }
"""


class _Emptied(Visitor):
    def enter_string_value(self, _node: StringValueNode, *_: Any) -> StringValueNode:
        return StringValueNode(value="")

    def enter_int_value(self, _node: IntValueNode, *_: Any) -> IntValueNode:
        return IntValueNode(value="0")

    def enter_float_value(self, _node: FloatValueNode, *_: Any) -> FloatValueNode:
        return FloatValueNode(value="0")


def _texts() -> Iterator[str]:
    yield from (DOCUMENT % ("a" * length, "b" * length, length) for length in (1, 40, 200))
    yield get_introspection_query()
    yield from (json.loads(request.body)["query"] for request in Attacker(9).requests(56) if request.body[-1:] == b"}")


def test_the_hash_is_that_of_the_printed_document() -> None:
    count = 0
    for text in _texts():
        try:
            document = parse(text, max_tokens=limits.TOKENS)
        except GraphQLError:
            continue
        expected = hashlib.sha256(print_ast(visit(document, _Emptied())).encode()).digest()
        assert run_at_once(hash_steps(document)) == expected, text[:100]
        count += 1
    assert count > 30


def test_a_long_document_is_hashed_in_steps() -> None:
    assert len([*hash_steps(parse("{ a(b: [%s]) }" % ('"c" ' * 1_900)))]) >= 3
