"""The page of an export for people: readable without a network and without scripts, and printable."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape as escape_markup
from typing import Any, Final

from models.exports.section import Section

STYLE: Final = """
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.25rem;margin-top:2.5rem;border-top:1px solid;padding-top:1rem}
nav ol{padding-left:1.5rem}dl{margin:.5rem 0;border:1px solid;border-radius:.4rem;padding:.5rem .75rem}
dt{font-weight:600}dt,dd{unicode-bidi:isolate}dd{margin:0 0 .35rem 0}.about{font-size:.95rem}.empty{font-style:italic}
@media (min-width:40rem){dl{display:grid;grid-template-columns:14rem 1fr;gap:0 1rem}
dl dl{grid-template-columns:8rem 1fr}dl dl dl{display:block}dd{margin:0}}
@page{margin:18mm}
@media print{:root{color-scheme:light;font-size:10pt}body{max-width:none;padding:0}dl{break-inside:avoid}
dl dl{break-inside:auto}h2,.about,section>p{break-after:avoid}
a{color:inherit;text-decoration:none}nav{break-after:page}}
"""
CHOICES: Final = frozenset(
    {"action", "channel", "decision", "ground", "identity", "kind", "legal_basis", "outcome", "reason", "role", "state"}
    | {"status", "denial_reason", "extension_reason", "stopped_by", "category", "cause"}
)
"""The values of our own records that are one of a list of choices, and no text of the person."""
_CONSTANT: Final = re.compile("[A-Z]{3,}(?:_[A-Z0-9]+)*")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
MAX_SHOWN_BYTES: Final = 256 * 1024
"""The part of a system up to this size is shown in the page; a larger one is in export.json only."""


def head(title: str, facts: Mapping[str, str], entries: Sequence[tuple[str, str]]) -> str:
    """Return the page up to its first section: the title, facts about the export, and the table of contents."""
    contents = "".join(f'<li><a href="#{anchor}">{escape(name)}</a></li>' for anchor, name in entries)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><header><h1>{escape(title)}</h1>"
        f'{record(facts)}</header><nav aria-label="Contents"><h2>Contents</h2><ol>{contents}</ol></nav><main>\n'
    )


def section_head(anchor: str, section: Section) -> str:
    """Return the heading of a section with what the law demands to be said about it."""
    about = {
        "What it is used for": section.purpose,
        "Legal basis": section.legal_basis,
        "Kept": section.retention,
        "Where it comes from": section.source,
    }
    return (
        f'<section id="{anchor}"><h2>{escape(section.title)}</h2><p>{escape(section.description)}</p>'
        f'<div class="about">{record(about)}</div>\n'
    )


def record(values: Mapping[str, Any]) -> str:
    """Return one record as a list of names and values."""
    entries = (f"<dt>{escape(_name(name))}</dt><dd>{_value(value)}</dd>" for name, value in values.items())
    return f"<dl>{''.join(entries)}</dl>\n"


def end_of_section(count: int) -> str:
    """Return the end of a section."""
    return "</section>\n" if count else '<p class="empty">Nothing is held here.</p></section>\n'


def system_section(anchor: str, system: str, state: str, content: Any, note: str) -> str:
    """Return the section of an internal system. ``content`` is its part as parsed JSON, or None."""
    shown = f"<div>{_value(content)}</div>" if content is not None else ""
    return (
        f'<section id="{anchor}"><h2>System: {escape(system)}</h2><p>{escape(state)}</p>'
        f"{f'<p>{escape(note)}</p>' if note else ''}{shown}</section>\n"
    )


def escape(text: str) -> str:
    """Return a text without markup. Control characters, which no page may contain, are shown as a replacement."""
    return escape_markup(_CONTROLS.sub("\ufffd", text))


END: Final = "</main></body></html>\n"


def own_record(values: Mapping[str, Any]) -> str:
    """Return one record of this service, in which the names and the values of lists of choices are plain words."""
    return record({name.removeprefix("is_"): _plain(name, value) for name, value in values.items()})


def _plain(name: str, value: Any) -> Any:
    """Return a value such as ``OPT_OUT`` in plain words, where the name is that of a list of choices."""
    is_word = isinstance(value, str) and name in CHOICES and _CONSTANT.fullmatch(value)
    return value.replace("_", " ").lower() if is_word else value


def _name(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _value(value: Any) -> str:
    return "".join(_pieces(value))


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, (Mapping, list, tuple)) and not value:
        yield "none"
    elif isinstance(value, Mapping):
        yield record({str(name): each for name, each in value.items()})
    elif isinstance(value, (list, tuple)):
        if all(isinstance(each, str) for each in value):
            yield escape(", ".join(value))
        else:
            for each in value:
                yield from _pieces(each)
                if not isinstance(each, (Mapping, list, tuple)):
                    yield "<br>"
    elif isinstance(value, datetime):
        yield f"{value:%Y-%m-%d %H:%M:%S} UTC"
    elif isinstance(value, bool):
        yield "yes" if value else "no"
    elif value is None:
        yield "none"
    else:
        yield escape(str(value))
