"""HTTP: the uvicorn protocol for POST /graphql, the ASGI adapter, request parsing and rate limits."""
