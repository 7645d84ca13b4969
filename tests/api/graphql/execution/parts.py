"""The examples of a property, divided into parts that end within minutes on a busy machine."""

from typing import Final

from hypothesis import settings
from hypothesis import strategies as st

SIZE: Final = 500
"""Examples of one part, at most."""
_EXAMPLES = settings().max_examples * 5 // 3
COUNT: Final = -(-_EXAMPLES // SIZE)
"""The number of parts of each property: one, unless the profile asks for more than ``SIZE`` examples."""
enough: Final = settings(max_examples=-(-_EXAMPLES // COUNT))
_SEEDS = 2**32
seeds: Final = st.integers(0, _SEEDS)


def seed_of(part: int, seed: int) -> int:
    """Return a seed that no other part uses, even where hypothesis generates the same examples for each."""
    return (part - 1) * (_SEEDS + 1) + seed
