"""Enumerations that keep values of newer services."""

from enum import StrEnum
from typing import Self


class OpenEnum(StrEnum):
    """An enumeration whose unknown values are kept as they are, so that a newer service breaks no caller."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this version of the client knows the value."""
        return self.name in type(self).__members__
