"""Tests that docstrings and comments keep the rules of prose that a machine can check."""

import pytest

from tests.layout import GENERATED
from tests.prose import faults, faults_of, sentences, word_count
from tests.vocabulary import PACKAGES, ROOT, modules


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_docstrings_and_comments_keep_the_rules_of_prose(package: str) -> None:
    paths = [path for path in modules([package]) if not str(path.relative_to(ROOT)).startswith(GENERATED)]
    breaches = faults_of(paths)
    assert not breaches, f"{len(breaches)} breaches:\n" + "\n".join(breaches)


def test_the_rules_find_what_breaks_them() -> None:
    long = " ".join(["word"] * 26)
    source = f'def f():\n    """Give the answer."""\n    # {long}.\n\n\nclass C:\n    """Nobody waits."""\n'
    assert [(fault.line, fault.rule) for fault in faults(source)] == [
        (2, "begins with no standard verb"),
        (7, "says 'Nobody'"),
        (3, "26 words in a sentence"),
    ]


def test_sentences_end_at_stops_paragraphs_and_list_items() -> None:
    assert list(sentences("One. Two\nlines.\n\nThree\n- four\n- five")) == [
        "One.",
        "Two lines.",
        "Three",
        "four",
        "five",
    ]
    assert word_count("A code-span `a b` and e.g. 3 words -- here") == 9
