"""Tests of the names and types of Python that stand for those of the schema."""

import runpy

from graphql import is_input_object_type, is_scalar_type

from api.graphql.schema import core
from clients.generator.names import SCALARS, class_name, docstring, snake
from tests.conftest import ROOT

ENCODING = ROOT / "clients" / "python" / "src" / "privacy_client" / "encoding.py"


def test_names_are_those_of_python_and_back() -> None:
    assert [snake(name) for name in ("isUnder13", "p90Bytes", "from", "syncAccounts")] == [
        "is_under13",
        "p90_bytes",
        "from_",
        "sync_accounts",
    ]
    camel = runpy.run_path(str(ENCODING))["camel"]
    inputs = [named for named in core.type_map.values() if is_input_object_type(named)]
    names = [name for named in inputs for name in named.fields]
    assert [camel(snake(name)) for name in names] == names


def test_an_error_code_is_the_name_of_its_exception() -> None:
    assert class_name("UNKNOWN_PURPOSE") == "UnknownPurposeError"


def test_every_scalar_has_a_type_of_python() -> None:
    assert {name for name, named in core.type_map.items() if is_scalar_type(named)} <= {*SCALARS}


def test_descriptions_become_docstrings() -> None:
    assert docstring('The sign "or"\n  a word\\') == '    """The sign "or" a word\\\\"""\n'
    assert docstring('It says "no"') == '    """It says "no" """\n'
    assert docstring(None) == ""
