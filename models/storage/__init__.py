"""Storage: databases, statements, column types, ids, pagination and validation of values."""
