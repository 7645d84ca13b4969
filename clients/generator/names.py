"""The names and types of Python that stand for those of the schema."""

import keyword
import re

from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLType,
    is_enum_type,
    is_leaf_type,
)

SCALARS = {
    "BigInt": "int",
    "Boolean": "bool",
    "Cursor": "str",
    "Date": "date",
    "DateTime": "datetime",
    "Float": "float",
    "ID": "str",
    "Int": "int",
    "String": "str",
}
"""The Python type of each scalar. A scalar without a line here is an error."""


def snake(name: str) -> str:
    """Return a name of the schema as a name of Python."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{words}_" if keyword.iskeyword(words) else words


def class_name(code: str) -> str:
    """Return the name of the exception of an error code."""
    return "".join(word.capitalize() for word in code.split("_")) + "Error"


def input_annotation(schema_type: GraphQLType) -> str:
    """Return the Python type of what a caller passes."""
    if isinstance(schema_type, GraphQLNonNull):
        return _input_annotation(schema_type.of_type)
    return f"{_input_annotation(schema_type)} | None"


def _input_annotation(schema_type: GraphQLType) -> str:
    if isinstance(schema_type, GraphQLList):
        return f"Sequence[{input_annotation(schema_type.of_type)}]"
    name = str(schema_type)
    return SCALARS[name] if is_leaf_type(schema_type) and not is_enum_type(schema_type) else name


def docstring(text: str | None, indent: int = 4) -> str:
    """Return a description as a docstring with its line break."""
    words = " ".join((text or "").split()).replace("\\", "\\\\").replace('"""', "'''")
    if not words:
        return ""
    ending = " " if words.endswith('"') else ""
    return " " * indent + f'"""{words}{ending}"""\n'
