"""The command ``privacy``."""
