"""Tests on a database whose tables about people are in hash partitions."""
