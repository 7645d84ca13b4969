"""The sections of an export: all that this service holds about a person.

A test demands that every column about a person is read by a section, or is in ``left_out`` with a reason.
"""

from collections.abc import Sequence
from typing import Final

from models.exports.person_sections import PERSON_SECTIONS
from models.exports.record_sections import RECORD_SECTIONS
from models.exports.section import Section

SECTIONS: Final[Sequence[Section]] = (*PERSON_SECTIONS, *RECORD_SECTIONS)


def portable_sections() -> Sequence[Section]:
    """Return the sections with what the person gave (Art. 20 GDPR)."""
    return [section for section in SECTIONS if section.is_portable]
