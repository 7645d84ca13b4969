"""The typed clients of the API, and the generator of what they have from the schema."""
