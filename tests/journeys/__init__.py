"""Tests of whole courses of events, from a request to the last effect."""
