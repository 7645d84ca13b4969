"""Tests that docstrings and comments keep the rules of prose that a machine can check."""

from tests.prose import faults, sentences, word_count


def test_the_rules_find_what_breaks_them() -> None:
    long = " ".join(["word"] * 26)
    source = f'def f():\n    """Give the answer."""\n    # {long}.\n\n\nclass C:\n    """Whom it serves."""\n'
    assert [(fault.line, fault.rule) for fault in faults(source)] == [
        (2, "begins with no standard verb"),
        (7, "says 'Whom'"),
        (3, "26 words in a sentence"),
    ]


def test_sentences_end_at_full_stops_paragraphs_and_list_items() -> None:
    assert list(sentences("One. Two\nlines.\n\nThree\n- four\n- five")) == [
        "One.",
        "Two lines.",
        "Three",
        "four",
        "five",
    ]
    assert word_count("A code-span `a b` and e.g. 3 words -- here") == 9
