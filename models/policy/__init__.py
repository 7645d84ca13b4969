"""Versions of the privacy policy, and the notices of a new version."""
