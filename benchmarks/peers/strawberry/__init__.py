"""A server that the benchmarks compare with this service."""
