"""Tests that retired words and shared class names appear nowhere; ``tests/vocabulary.py`` lists the words."""

import re
from pathlib import Path

from tests.documents import DOCUMENTS
from tests.vocabulary import (
    PACKAGES,
    REJECTED_SYNONYMS,
    ROOT,
    comments,
    docstrings,
    modules,
    retired_identifiers,
    retired_prose,
    retired_word,
    shared_class_names,
    words_of,
)

EXEMPT = (ROOT / "tests" / "vocabulary.py", Path(__file__))
"""The list itself, and the samples below."""
PYTHON = [path for path in modules((*PACKAGES, "tests")) if path not in EXEMPT]
FOLDERS = (*PACKAGES, "tests")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_rejected_synonyms_are_used_nowhere() -> None:
    used = re.compile(rf"\b({'|'.join(map(re.escape, REJECTED_SYNONYMS))})s?\b", re.IGNORECASE)
    for path in [*DOCUMENTS, ROOT / "schema.graphql", *modules(PACKAGES)]:
        match = used.search(path.read_text())
        assert match is None, f"{_name(path)} says {match[0]}"


def test_the_scanners_find_retired_words() -> None:
    source = 'class _Convoys:\n    def goAboard(self, seats): ...\nMAX_IN_FLIGHT = len(["errand"])  # a gate\n'
    assert [(use.line, use.word) for use in retired_identifiers(source)] == [(1, "convoy"), (2, "aboard"), (2, "seat")]
    assert [use.word for prose in comments(source) for use in retired_prose(prose.text)] == ["gate"]
    assert [use.word for use in retired_prose("Queries in flight, and `seats`.\nA wave of Errands.")] == [
        "wave",
        "errand",
    ]
    assert [prose.text for prose in docstrings('"""A."""\nx = 1\n"""B."""\ndef f(): "C"\n')] == ["A.", "B.", "C"]


def test_the_scanner_splits_identifiers_into_words() -> None:
    assert words_of("HTTPRoadMap_of2Seats") == ["http", "road", "map", "of2", "seats"]
    assert retired_word("tallies") == "tally"
    assert retired_word("gather") is None


def test_classes_of_one_name_are_found_unless_one_is_the_graphql_type_of_the_other() -> None:
    owners = {"Token": ["models/access/tokens.py", "resolvers/tokens.py"], "Step": ["models/a.py", "models/b.py"]}
    assert shared_class_names(owners) == {"Step": owners["Step"]}
