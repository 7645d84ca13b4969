"""The parser of graphql-core with pauses inside a definition: the methods for executable documents, as steps."""

from collections.abc import Callable
from typing import Final, TypeVar

from graphql import (
    ArgumentNode,
    DefinitionNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    TokenKind,
    ValueNode,
    VariableDefinitionNode,
)
from graphql.language.parser import Parser

from models.storage.turns import Steps

SLICE_TOKENS: Final = 400
"""The tokens that are parsed without a pause: 3 ms."""
_OPERATIONS: Final = frozenset({"query", "mutation", "subscription"})
_Node = TypeVar("_Node")


class StepwiseParser(Parser):
    """Parses as the parser of graphql-core, in steps. What no executable document contains is parsed at once."""

    _paused_at = 0
    """The tokens that were parsed before the last pause."""

    def document_steps(self) -> Steps[DocumentNode]:
        """Parse a document."""
        start = self._lexer.token
        definitions = yield from self._many(TokenKind.SOF, self._definition, TokenKind.EOF)
        return DocumentNode(definitions=tuple(definitions), loc=self.loc(start))

    def _many(
        self, opening: TokenKind, parse: Callable[[], Steps[_Node]], closing: TokenKind, least: int = 1
    ) -> Steps[list[_Node]]:
        """Parse what stands between two tokens, with a pause where enough tokens were parsed."""
        self.expect_token(opening)
        nodes: list[_Node] = []
        while len(nodes) < least or not self.expect_optional_token(closing):
            nodes.append((yield from parse()))
            yield from self._pause_steps()
        return nodes

    def _pause_steps(self) -> Steps[None]:
        """Pause where enough tokens were parsed since the last pause."""
        if self.token_count - self._paused_at >= SLICE_TOKENS:
            self._paused_at = self.token_count
            yield

    def _definition(self) -> Steps[DefinitionNode]:
        token = self._lexer.token
        if token.kind is TokenKind.BRACE_L or (token.kind is TokenKind.NAME and token.value in _OPERATIONS):
            return (yield from self._operation())
        if token.kind is TokenKind.NAME and token.value == "fragment":
            return (yield from self._fragment_definition())
        return self.parse_definition()

    def _operation(self) -> Steps[OperationDefinitionNode]:
        start = self._lexer.token
        if start.kind is TokenKind.BRACE_L:
            selections = yield from self._selection_set()
            return OperationDefinitionNode(operation=OperationType.QUERY, selection_set=selections, loc=self.loc(start))
        operation = self.parse_operation_type()
        name = self.parse_name() if self.peek(TokenKind.NAME) else None
        variables = None
        if self.peek(TokenKind.PAREN_L):
            variables = tuple((yield from self._many(TokenKind.PAREN_L, self._variable, TokenKind.PAREN_R)))
        directives = yield from self._directives()
        selections = yield from self._selection_set()
        return OperationDefinitionNode(
            operation=operation,
            name=name,
            variable_definitions=variables,
            directives=directives,
            selection_set=selections,
            loc=self.loc(start),
        )

    def _variable(self) -> Steps[VariableDefinitionNode]:
        yield from ()
        return self.parse_variable_definition()

    def _fragment_definition(self) -> Steps[FragmentDefinitionNode]:
        start = self._lexer.token
        self.expect_keyword("fragment")
        name, condition = self.parse_fragment_name(), self.parse_type_condition()
        directives = yield from self._directives()
        selections = yield from self._selection_set()
        return FragmentDefinitionNode(
            name=name,
            variable_definitions=(),
            type_condition=condition,
            directives=directives,
            selection_set=selections,
            loc=self.loc(start),
        )

    def _selection_set(self) -> Steps[SelectionSetNode]:
        self._enter_nesting()
        start = self._lexer.token
        selections = yield from self._many(TokenKind.BRACE_L, self._selection, TokenKind.BRACE_R)
        self._nesting_depth -= 1
        return SelectionSetNode(selections=tuple(selections), loc=self.loc(start))

    def _selection(self) -> Steps[SelectionNode]:
        return self._fragment() if self.peek(TokenKind.SPREAD) else self._field()

    def _field(self) -> Steps[SelectionNode]:
        start = self._lexer.token
        alias, name = None, self.parse_name()
        if self.expect_optional_token(TokenKind.COLON):
            alias, name = name, self.parse_name()
        arguments = (yield from self._arguments()) if self.peek(TokenKind.PAREN_L) else None
        directives = (yield from self._directives()) if self.peek(TokenKind.AT) else None
        selections = (yield from self._selection_set()) if self.peek(TokenKind.BRACE_L) else None
        return FieldNode(
            alias=alias,
            name=name,
            arguments=arguments,
            directives=directives,
            selection_set=selections,
            loc=self.loc(start),
        )

    def _fragment(self) -> Steps[SelectionNode]:
        start = self._lexer.token
        self.expect_token(TokenKind.SPREAD)
        has_condition = self.expect_optional_keyword("on")
        if not has_condition and self.peek(TokenKind.NAME):
            name = self.parse_fragment_name()
            directives = yield from self._directives()
            return FragmentSpreadNode(name=name, directives=directives, loc=self.loc(start))
        condition = self.parse_named_type() if has_condition else None
        directives = yield from self._directives()
        selections = yield from self._selection_set()
        return InlineFragmentNode(
            type_condition=condition, directives=directives, selection_set=selections, loc=self.loc(start)
        )

    def _directives(self) -> Steps[tuple[DirectiveNode, ...] | None]:
        directives = []
        while self.peek(TokenKind.AT):
            directives.append((yield from self._directive()))
            yield from self._pause_steps()
        return tuple(directives) or None

    def _directive(self) -> Steps[DirectiveNode]:
        start = self._lexer.token
        self.expect_token(TokenKind.AT)
        name = self.parse_name()
        arguments = (yield from self._arguments()) if self.peek(TokenKind.PAREN_L) else None
        return DirectiveNode(name=name, arguments=arguments, loc=self.loc(start))

    def _arguments(self) -> Steps[tuple[ArgumentNode, ...]]:
        return tuple((yield from self._many(TokenKind.PAREN_L, self._argument, TokenKind.PAREN_R)))

    def _argument(self) -> Steps[ArgumentNode]:
        start = self._lexer.token
        name = self.parse_name()
        self.expect_token(TokenKind.COLON)
        value = yield from self._value()
        return ArgumentNode(name=name, value=value, loc=self.loc(start))

    def _value(self) -> Steps[ValueNode]:
        start = self._lexer.token
        if start.kind is TokenKind.BRACKET_L:
            self._enter_nesting()
            values = yield from self._many(start.kind, self._value, TokenKind.BRACKET_R, 0)
            self._nesting_depth -= 1
            return ListValueNode(values=tuple(values), loc=self.loc(start))
        if start.kind is TokenKind.BRACE_L:
            self._enter_nesting()
            fields = yield from self._many(start.kind, self._object_field, TokenKind.BRACE_R, 0)
            self._nesting_depth -= 1
            return ObjectValueNode(fields=tuple(fields), loc=self.loc(start))
        return self.parse_value_literal(is_const=False)

    def _object_field(self) -> Steps[ObjectFieldNode]:
        start = self._lexer.token
        name = self.parse_name()
        self.expect_token(TokenKind.COLON)
        value = yield from self._value()
        return ObjectFieldNode(name=name, value=value, loc=self.loc(start))
