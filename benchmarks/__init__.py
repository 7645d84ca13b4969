"""Measurements that are too slow for the tests; each module prints a table and is run by ``python -m``."""
