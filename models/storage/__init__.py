"""Storage: databases, statements, column types, ids, the clock, pagination and validation of values."""
