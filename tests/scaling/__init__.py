"""Tests that the data of a person could be on one shard of a distributed engine."""
