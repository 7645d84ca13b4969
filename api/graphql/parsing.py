"""Parses documents in steps, and frees what is needed of them no longer."""

from typing import Final

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, Lexer, Node, Source, Token, TokenKind, Visitor
from graphql.language.parser import Parser

from api.graphql import limits
from api.graphql.errors import InvalidOperation
from api.graphql.stepwise_parser import SLICE_TOKENS, StepwiseParser
from api.graphql.visiting import visiting_steps
from models.errors import QueryTooLarge
from models.storage.turns import Steps

SLICE_CHARACTERS: Final = 8_000
"""The characters of a document that is read and parsed without a pause, where its tokens are few."""
_NO_TOKEN: Final = Token(TokenKind.SOF, 0, 0, 0, 0)
_WITHOUT_ERRORS: Final = frozenset(
    {
        *("name", "argument", "selection_set", "list_value", "object_value", "object_field"),
        *("string_value", "int_value", "float_value", "boolean_value", "enum_value", "null_value"),
    }
)
"""The kinds of nodes at which no error of an execution is located."""


def parsing_steps(text: str) -> Steps[DocumentNode]:
    """Parse a document in steps; raise InvalidOperation, or QUERY_TOO_LARGE."""
    if len(text) > limits.DOCUMENT:
        raise QueryTooLarge(limit="document", most=limits.DOCUMENT)
    lexer = Lexer(Source(text))
    start = lexer.token
    is_long = yield from _reading_steps(lexer)
    try:
        return (yield from _document_steps(lexer, is_long=is_long))
    except (InvalidOperation, QueryTooLarge):
        _unlink(start)
        raise


def _document_steps(lexer: Lexer, *, is_long: bool) -> Steps[DocumentNode]:
    parser = StepwiseParser(lexer.source, max_tokens=limits.TOKENS, lexer=lexer, allow_empty_selection_sets=False)
    try:
        return (yield from parser.document_steps()) if is_long else parser.parse_document()
    except GraphQLSyntaxError as error:
        if "tokens" in error.description:
            raise QueryTooLarge(limit="tokens", most=limits.TOKENS) from None
        if "nested" in error.description:
            raise QueryTooLarge(limit="depth", most=limits.DEPTH) from None
        # The description quotes the document, so only the position is passed on.
        refusal = GraphQLError("The document does not parse here.")
        refusal.locations = error.locations  # computing them again takes 10 ms where lines are many
        raise InvalidOperation(refusal) from None
    except (GraphQLError, RecursionError):
        raise QueryTooLarge(limit="depth", most=limits.DEPTH) from None


def _reading_steps(lexer: Lexer) -> Steps[bool]:
    """Read the tokens of a document before it is parsed; return whether it is long. The parser takes these tokens."""
    start, paused_at, is_broken = lexer.token, 0, False
    reader = Parser(lexer.source, max_tokens=limits.TOKENS, lexer=lexer)  # it counts comments, too
    try:
        while lexer.token.kind is not TokenKind.EOF:
            if reader.token_count - paused_at >= SLICE_TOKENS:
                paused_at = reader.token_count
                yield
            reader.advance_lexer()
    except GraphQLSyntaxError:
        is_broken = True  # the parser meets the error again, unless it finds another one before it
    lexer.token = lexer.last_token = start
    is_long = is_broken or reader.token_count >= SLICE_TOKENS or len(lexer.source.body) > SLICE_CHARACTERS
    if is_long:
        yield  # the place of an error is found by reading all lines before it
    return is_long


def release_tokens(document: DocumentNode) -> int:
    """Remove the links between the tokens of a document, and return how many there are.

    These links are cycles: the tokens, and with them the nodes, would live on.
    """
    return _unlink(document.loc.start_token) if document.loc else 0


def _unlink(start: Token) -> int:
    token: Token | None = start
    count = 0
    while token:
        token.prev, token.next, token = None, None, token.next
        count += 1
    return count


def releasing_steps(document: DocumentNode) -> Steps[None]:
    """Free the tokens of a document, and the locations of nodes at which no error is located, in steps."""
    return visiting_steps(document, _SourceRelease())


class _SourceRelease(Visitor):
    """Removes tokens and locations that a plan does not need: a third of the objects of a document."""

    def enter(self, node: Node, *_: object) -> None:
        if node.kind in _WITHOUT_ERRORS:
            object.__setattr__(node, "loc", None)  # a copy of the document would cost more than what is freed
        elif node.loc:
            node.loc.start_token = node.loc.end_token = _NO_TOKEN
