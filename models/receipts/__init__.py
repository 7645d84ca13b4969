"""Receipts of what a person chose, signed so that anyone can verify them offline."""
