"""Measurements that take too long for the tests; each module prints a table and runs with ``python -m``."""
