"""The GraphQL engine: from a request to an answer, compiled once per operation and role."""
