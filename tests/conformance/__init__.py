"""The audits of the GraphQL-over-HTTP specification, by the package graphql-http."""
