"""Retention rules for each category of data, their daily runs, and legal holds."""
