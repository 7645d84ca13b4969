"""Properties with many examples are tested in parts: each part is a test of its own, with examples of its own."""

import pytest

from tests.api.graphql.execution.parts import COUNT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test for each part, from the first one that was asked for."""
    if "part" in metafunc.fixturenames:
        first = metafunc.config.getoption("first_part")
        metafunc.parametrize("part", range(first, COUNT + 1), ids=lambda part: f"part {part} of {COUNT}")
