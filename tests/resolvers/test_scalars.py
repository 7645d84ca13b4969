"""Tests of how scalars present themselves; callers' values are tested in tests/api/graphql/coercion."""

from tests.conftest import Api

BUILT_IN = {"Boolean", "Float", "ID", "Int", "String"}


def test_every_scalar_names_its_specification(served: Api) -> None:
    types = served.ask("STORE", "{ __schema { types { kind name specifiedByURL } } }").data["__schema"]["types"]
    scalars = {each["name"]: each["specifiedByURL"] for each in types if each["kind"] == "SCALAR"}
    assert scalars.keys() - BUILT_IN == {"BigInt", "Cursor", "Date", "DateTime"}
    assert all(scalars[name].startswith("https://") for name in scalars.keys() - BUILT_IN)
