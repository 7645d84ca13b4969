"""How forked processes end."""

import atexit
import gc
import os
import sys
import threading
from typing import NoReturn


def end_process(code: int) -> NoReturn:
    """End as Python ends, but that the loaded code stays in memory: freeing it would first copy all of it."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
