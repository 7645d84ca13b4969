"""Sync metadata: what the sync service reports about Customer Data."""
