"""Routes beside POST /graphql: health, JWKS and the unsubscribe page."""
