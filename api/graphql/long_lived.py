"""Exempts objects that live long from garbage collection, so that no collection stops the event loop for long.

A collection of all generations examines every object: 200 ms for the operations of a full cache. Exempt objects are
freed as soon as nothing refers to them. Only cycles of them would stay, and prepared operations contain none.
"""

import asyncio
import gc


def exempt_long_lived() -> None:
    """Collect garbage, and exempt everything that remains from later collections."""
    gc.collect()
    gc.freeze()


def exempt_soon() -> None:
    """Exempt what lives long in a turn of the event loop of its own."""
    asyncio.get_running_loop().call_soon(exempt_long_lived)
