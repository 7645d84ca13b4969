"""Tests of Query and Mutation: a mutation, its resolver and its function in models have one name."""

import inspect
import pkgutil
from functools import cache
from importlib import import_module

import pytest
from strawberry.utils.str_converters import to_camel_case

import models
from resolvers.schema_types import Mutation

MUTATIONS = [field.python_name for field in Mutation.__strawberry_definition__.fields]  # type: ignore[attr-defined]


@cache
def functions_of_a_unit_of_work() -> set[str]:
    """Return the names of the functions in models whose first parameter is a unit of work."""
    return {
        name
        for module in pkgutil.walk_packages(models.__path__, "models.")
        for name, function in inspect.getmembers(import_module(module.name), inspect.iscoroutinefunction)
        if next(iter(inspect.signature(function).parameters), "") == "unit"
    }


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_a_function_of_that_name_in_models(name: str) -> None:
    assert name in functions_of_a_unit_of_work()


def test_the_field_of_an_access_event_is_the_field_of_the_schema() -> None:
    fields = Mutation.__strawberry_definition__.fields  # type: ignore[attr-defined]
    assert all(field.graphql_name is None for field in fields)
    assert to_camel_case("opt_out_of_all") == "optOutOfAll"
