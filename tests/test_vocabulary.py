"""Tests that retired words and shared class names appear nowhere; ``tests/vocabulary.py`` lists the words."""

import re
from collections import Counter
from pathlib import Path

import pytest

from api.graphql.schema import core
from tests.documents import DOCUMENTS
from tests.layout import GENERATED
from tests.result_names import participle_names
from tests.vocabulary import (
    PACKAGES,
    REJECTED_SYNONYMS,
    ROOT,
    class_names,
    comments,
    docstrings,
    messages,
    modules,
    retired_identifiers,
    retired_prose,
    retired_word,
    shared_class_names,
    uses_of,
    words_of,
)

EXEMPT = (ROOT / "tests" / "vocabulary.py", Path(__file__))
"""The list itself, and the samples below."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


PYTHON = [
    path for path in modules((*PACKAGES, "tests")) if path not in EXEMPT and not _name(path).startswith(GENERATED)
]


def _in_folder(folder: str) -> list[Path]:
    return [path for path in PYTHON if path.relative_to(ROOT).parts[0] == folder]


@pytest.mark.parametrize("folder", [*PACKAGES, "tests"])
def test_code_has_no_retired_word(folder: str) -> None:
    uses = uses_of(_in_folder(folder))
    assert not uses, f"{len(uses)} retired words:\n" + "\n".join(uses)


@pytest.mark.parametrize("folder", [*PACKAGES, "tests"])
def test_no_name_is_a_bare_participle(folder: str) -> None:
    uses = [str(use) for path in _in_folder(folder) for use in participle_names(path.read_text(), _name(path))]
    assert not uses, "\n".join(uses)


def test_files_and_folders_have_no_retired_word() -> None:
    names = [
        _name(path) for path in (*modules(PACKAGES), *DOCUMENTS) if retired_word(_name(path).removesuffix(path.suffix))
    ]
    assert not names


def test_documents_have_no_retired_word() -> None:
    uses = [str(use) for page in DOCUMENTS for use in retired_prose(page.read_text(), _name(page))]
    assert not uses, "\n".join(uses)


def test_other_text_files_have_no_retired_word() -> None:
    patterns = ("Makefile", ".ci/*", "pyproject.toml", "tests/*.sh", "mailers/templates/*/*", "api/routes/templates/*")
    paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    uses = [str(use) for path in paths for use in retired_prose(path.read_text(), _name(path))]
    assert not uses, "\n".join(uses)


def test_rejected_synonyms_are_used_nowhere() -> None:
    used = re.compile(rf"\b({'|'.join(map(re.escape, REJECTED_SYNONYMS))})s?\b", re.IGNORECASE)
    for path in [*DOCUMENTS, ROOT / "schema.graphql", *modules(PACKAGES)]:
        match = used.search(path.read_text())
        assert match is None, f"{_name(path)} says {match[0]}"


def test_no_two_unrelated_classes_share_a_name() -> None:
    shared = shared_class_names(class_names())
    assert not shared, "\n".join(f"{name}: {', '.join(paths)}" for name, paths in shared.items())


def test_every_mutation_has_one_function_of_its_name() -> None:
    functions = Counter(
        name
        for path in modules(["models"])
        for name in re.findall(r"^\s*(?:async )?def (\w+)", path.read_text(), re.MULTILINE)
    )
    assert core.mutation_type
    names = {name: "_".join(words_of(name)) for name in core.mutation_type.fields}
    assert not {mutation for mutation, function in names.items() if functions[function] != 1}


def test_the_scanners_find_retired_words() -> None:
    source = 'class _Convoys:\n    def goAboard(self, seats): ...\nMAX_IN_FLIGHT = len(["errand"])  # a gate\n'
    assert [(use.line, use.word) for use in retired_identifiers(source)] == [(1, "convoy"), (2, "aboard"), (2, "seat")]
    assert [use.word for prose in comments(source) for use in retired_prose(prose.text)] == ["gate"]
    assert [use.word for use in retired_prose("Queries in flight, and `seats`.\nA wave of Errands.")] == [
        "wave",
        "errand",
    ]
    assert [prose.text for prose in messages('x = "A deed is done."\ny = "SELECT a FROM b"\n')] == ["A deed is done."]
    assert [prose.text for prose in docstrings('"""A."""\nx = 1\n"""B."""\ndef f(): "C"\n')] == ["A.", "B.", "C"]


def test_the_scanner_splits_identifiers_into_words() -> None:
    assert words_of("HTTPRoadMap_of2Seats") == ["http", "road", "map", "of2", "seats"]
    assert retired_word("tallies") == "tally"
    assert retired_word("gather") is None


def test_classes_of_one_name_are_found_unless_one_is_the_graphql_type_of_the_other() -> None:
    owners = {"Token": ["models/access/tokens.py", "resolvers/tokens.py"], "Step": ["models/a.py", "models/b.py"]}
    assert shared_class_names(owners) == {"Step": owners["Step"]}


def test_participles_are_found_wherever_a_name_is_bound() -> None:
    source = """
def made(given, rows):
    found = self._asked = rows
    for told in found: ...
    with opened() as said: ...
    try: ...
    except ValueError as wanted: ...
    return [taken for taken in made(rows=found)]
"""
    names = sorted(use.name for use in participle_names(source))
    assert names == sorted(["made", "given", "found", "_asked", "told", "said", "wanted", "taken"])
