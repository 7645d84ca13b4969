"""Refusals: the code is the class name, the message is the docstring, and input values are not repeated."""

import pytest

from models import errors
from models.errors import BadInput, CardNumberRefused, Refusal, Unavailable

REFUSALS = Refusal.__subclasses__()


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
def test_each_refusal_has_a_code_of_its_own_and_one_sentence(refusal: type[Refusal]) -> None:
    instance = BadInput("input.email") if refusal is BadInput else refusal()
    assert instance.code == refusal.code
    assert instance.code.replace("_", "") == refusal.__name__.upper()
    assert [one.code for one in REFUSALS].count(instance.code) == 1
    assert instance.message == (refusal.__doc__ or "").strip()
    assert instance.message.endswith(".")
    assert "\n" not in instance.message
    assert str(instance) == instance.message


def test_every_refusal_of_the_module_is_a_direct_subclass() -> None:
    """The GraphQL enum of error codes lists the direct subclasses."""
    classes = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Refusal)}
    assert classes - {Refusal} == {*REFUSALS}


def test_a_problem_is_added_to_the_message_and_the_argument_is_named() -> None:
    refusal = BadInput("input.email", "it is empty", line=3)
    assert refusal.message == "An argument has a value that is not accepted: it is empty."
    assert refusal.extensions == {"argument": "input.email", "problem": "INVALID_VALUE", "line": 3}


def test_extensions_are_kept_and_an_outage_may_be_retried() -> None:
    assert CardNumberRefused(argument="name").extensions == {"argument": "name"}
    assert Unavailable(id="1").extensions == {"retryable": True, "id": "1"}
