"""Every long run exists, and so does its short form, which the suite runs."""

import pytest

from tests.conftest import COLLECTED
from tests.long_runs import LONG_RUNS


def test_every_long_run_exists_and_its_short_form_is_in_the_suite(pytestconfig: pytest.Config) -> None:
    """Compare the list with the tests that pytest found, which are a part of all when paths were named."""
    items = pytestconfig.stash[COLLECTED]
    collected = {item.nodeid: {marker.name for marker in item.iter_markers()} for item in items}
    files = {name.partition("::")[0] for name in collected}
    suite = [name for name, markers in collected.items() if not markers & {"long", "fuzz"}]
    for run in LONG_RUNS:
        if f"tests/{run.test.partition('::')[0]}" in files:
            assert any("long" in collected[name] for name in collected if run.includes(name)), run
        if f"tests/{run.short.partition('::')[0]}" in files:
            assert any(name.startswith(f"tests/{run.short}") for name in suite), run


def test_a_run_includes_the_tests_of_its_parameter_only() -> None:
    [run] = [run for run in LONG_RUNS if run.test == "cli/embedded/test_cluster.py"]
    assert run.includes("tests/cli/embedded/test_cluster.py::test_odd_and_very_long_paths_work[15-with a space]")
    assert not run.includes("tests/cli/embedded/test_cluster.py::test_odd_and_very_long_paths_work[carried-15 m]")
    assert not run.includes("tests/cli/embedded/test_cluster.py::test_two_clusters_run_side_by_side")
