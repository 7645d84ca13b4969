"""Writes the generated modules of the Python client from the schema and the operations."""

from collections.abc import Iterable

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    is_enum_type,
    is_input_object_type,
)

from clients.generator.methods import Method
from clients.generator.names import class_name, docstring, input_annotation, snake
from clients.generator.selections import ResultTypes

HEADER = '"""Generated from schema.graphql by ``python -m clients.generator``. Do not edit."""\n\n'
PACKAGE = "privacy_client"


def python_modules(schema: GraphQLSchema, document: DocumentNode) -> dict[str, str]:
    """Return the text of each generated module by its file name."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    results = ResultTypes(schema, fragments)
    methods = [Method(schema, results, node) for node in operations]
    return {
        "__init__.py": '"""What is generated from schema.graphql. Do not edit."""\n',
        "enums.py": _enums(schema),
        "errors.py": _errors(schema),
        "inputs.py": _inputs(schema),
        "operations.py": _operations(methods),
        "methods.py": _methods(methods),
        "types.py": _types(results),
    }


def _exports(names: Iterable[str]) -> str:
    return f"__all__ = {sorted(names)!r}\n"


def _used_enums(schema: GraphQLSchema) -> list[GraphQLEnumType]:
    return [named for name, named in sorted(schema.type_map.items()) if is_enum_type(named) and name[:2] != "__"]


def _enums(schema: GraphQLSchema) -> str:
    text = f"{HEADER}from {PACKAGE}.open_enum import OpenEnum\n\n"
    text += _exports(enum.name for enum in _used_enums(schema))
    for enum in _used_enums(schema):
        text += f"\n\nclass {enum.name}(OpenEnum):\n{docstring(enum.description)}\n"
        for name, value in enum.values.items():
            text += f'    {name} = "{name}"\n{docstring(value.description)}'
    return text


def _errors(schema: GraphQLSchema) -> str:
    codes = schema.type_map["ErrorCode"]
    head = f"{HEADER}from typing import ClassVar\n\nfrom {PACKAGE}.errors import PrivacyError\n\n"
    names, text = [], ""
    for code, value in codes.values.items() if isinstance(codes, GraphQLEnumType) else ():
        names.append((code, class_name(code)))
        text += f"\n\nclass {class_name(code)}(PrivacyError):\n{docstring(value.description)}\n"
        text += f'    code: ClassVar[str] = "{code}"\n'
    table = ", ".join(f'"{code}": {name}' for code, name in names)
    head += _exports(name for _, name in names)
    text += f"\n\nERRORS: dict[str, type[PrivacyError]] = {{{table}}}\n"
    return f'{head}{text}"""The exception of each code."""\n'


def _inputs(schema: GraphQLSchema) -> str:
    text = f"{HEADER}from collections.abc import Sequence\nfrom dataclasses import dataclass\n"
    text += "from datetime import date, datetime\n\n"
    text += f"from {PACKAGE}.encoding import UNSET, Unset, check_one_of\n"
    text += f"from {PACKAGE}.generated.enums import *\n\n"
    inputs = [named for _, named in sorted(schema.type_map.items()) if is_input_object_type(named)]
    text += _exports(named.name for named in inputs)
    ordered: list[GraphQLInputObjectType] = []
    while inputs:  # a class stands before the classes that use it
        for named in [*inputs]:
            names = {str(each.type).strip("[]!") for each in named.fields.values()}
            if not names & {other.name for other in inputs if other is not named}:
                ordered.append(named)
                inputs.remove(named)
    for named in ordered:
        text += f"\n\n@dataclass(frozen=True, slots=True, kw_only=True)\nclass {named.name}:\n"
        text += f"{docstring(named.description)}\n"
        for name, each in named.fields.items():
            has_default = each.ast_node is not None and each.ast_node.default_value is not None
            annotation = input_annotation(each.type)
            if named.is_one_of:
                annotation = f"{annotation.removesuffix(' | None')} | Unset = UNSET"
            elif has_default or not isinstance(each.type, GraphQLNonNull):
                annotation += " | Unset = UNSET"
            text += f"    {snake(name)}: {annotation}\n{docstring(each.description)}"
        if named.is_one_of:
            text += '\n    def __post_init__(self) -> None:\n        """Refuse more and fewer than one key."""\n'
            text += "        check_one_of(self)\n"
    return text


def _types(results: ResultTypes) -> str:
    head = f"{HEADER}from dataclasses import dataclass\nfrom datetime import date, datetime\n"
    head += f"from typing import Any, Self\n\nfrom {PACKAGE}.decoding import Page, date_of, datetime_of, page_of\n"
    head += f"from {PACKAGE}.generated.enums import *\n\n"
    head += _exports(results.classes)
    return head + "".join(f"\n\n{text}" for text in results.classes.values())


def _operations(methods: list[Method]) -> str:
    head = f"{HEADER}from collections.abc import Sequence\nfrom datetime import date, datetime\n\n"
    head += f"from {PACKAGE}.decoding import Page, date_of, datetime_of, page_of, result_of\n"
    head += f"from {PACKAGE}.encoding import UNSET, Unset\nfrom {PACKAGE}.generated.enums import *\n"
    head += f"from {PACKAGE}.generated.inputs import *\nfrom {PACKAGE}.generated.types import *\n"
    head += f"from {PACKAGE}.operation import Operation\n"
    return head + "".join(f"\n\n{method.builder()}" for method in methods)


def _methods(methods: list[Method]) -> str:
    head = f"{HEADER}from abc import ABC, abstractmethod\nfrom collections.abc import Sequence\n"
    head += "from datetime import date, datetime\nfrom typing import TypeVar\n\n"
    head += f"from {PACKAGE}.decoding import Page\nfrom {PACKAGE}.encoding import UNSET, Unset\n"
    head += f"from {PACKAGE}.generated import operations\nfrom {PACKAGE}.generated.enums import *\n"
    head += f"from {PACKAGE}.generated.inputs import *\nfrom {PACKAGE}.generated.types import *\n"
    head += f'from {PACKAGE}.operation import Operation\n\nResult = TypeVar("Result")\n'
    for name, prefix in (("SyncMethods", ""), ("AsyncMethods", "async ")):
        head += f'\n\nclass {name}(ABC):\n    """A method for each operation."""\n\n    @abstractmethod\n'
        head += f"    {prefix}def run(self, operation: Operation[Result]) -> Result:\n"
        head += '        """Run an operation and return its result."""\n'
        for method in methods:
            head += f"\n{method.method(prefix)}"
    return head
