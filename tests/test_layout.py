"""Each module has the test file that its name leads to, and modules are short."""

import pytest

from tests.conftest import ROOT
from tests.layout import GENERATED, LONG, MOST_LINES, SUITES_OF_THEIR_OWN, TESTED_ELSEWHERE
from tests.vocabulary import modules

PACKAGES = ("api", "cli", "clients", "desk", "mailers", "models", "resolvers", "workers")
MODULES = [str(path.relative_to(ROOT)) for path in modules(PACKAGES) if path.name != "__init__.py"]


def has_test_file(module: str) -> bool:
    folder, _, name = module.rpartition("/")
    return (ROOT / "tests" / folder / f"test_{name}").exists()


def test_every_module_has_the_test_file_that_its_name_leads_to_or_a_reason() -> None:
    tested_here = [module for module in MODULES if not module.startswith(SUITES_OF_THEIR_OWN)]
    assert [module for module in tested_here if not has_test_file(module) and module not in TESTED_ELSEWHERE] == []


def test_no_reason_is_stale() -> None:
    assert [module for module in TESTED_ELSEWHERE if module not in MODULES] == [], "these modules are gone"
    assert [module for module in TESTED_ELSEWHERE if has_test_file(module)] == [], "these modules have a test file"
    assert [module for module in LONG if module not in MODULES] == [], "these modules are gone"


@pytest.mark.parametrize("module", TESTED_ELSEWHERE)
def test_a_reason_is_a_sentence_and_names_a_file_of_the_suite(module: str) -> None:
    name, reason = TESTED_ELSEWHERE[module]
    assert (ROOT / "tests" / name).is_file()
    assert reason.endswith(".")


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "resolvers"])
def test_modules_are_short(package: str) -> None:
    written = [module for module in MODULES if not module.startswith(GENERATED)]
    lengths = {module: len((ROOT / module).read_text().splitlines()) for module in written}
    long = {name for name, lines in lengths.items() if name.startswith(f"{package}/") and lines > MOST_LINES}
    assert long == {name for name in LONG if name.startswith(f"{package}/")}
