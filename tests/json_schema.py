"""The part of JSON Schema that docs/export-1.schema.json uses."""

import re
from collections.abc import Iterator
from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "null": type(None),
}
KEYWORDS = {
    *("$schema", "$id", "title", "description", "format"),
    *("type", "required", "properties", "items", "enum", "const", "pattern", "minimum"),
}


def problems(schema: dict[str, Any], value: Any, path: str = "$") -> Iterator[str]:
    """Yield where a value breaks a schema. Raise AssertionError for a keyword that is not known here."""
    assert schema.keys() <= KEYWORDS, schema.keys() - KEYWORDS
    names = schema.get("type", [])
    kinds = [TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    if kinds and not any(isinstance(value, kind) for kind in kinds):
        yield f"{path} is no {names}"
        return
    yield from _problems_of_value(schema, value, path)
    if isinstance(value, dict):
        yield from (f"{path}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, below in schema.get("properties", {}).items():
            if name in value:
                yield from problems(below, value[name], f"{path}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            yield from problems(schema["items"], each, f"{path}[{index}]")


def _problems_of_value(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    if "const" in schema and value != schema["const"]:
        yield f"{path} is not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path} does not match"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path} is too small"
