"""The command ``privacy``: serve, migrate and operate the service."""
