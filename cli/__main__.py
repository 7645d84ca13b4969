"""``python -m cli`` is ``privacy``."""

from cli.main import run

run()
