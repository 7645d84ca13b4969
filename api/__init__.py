"""The edge: HTTP and GraphQL as protocols, and who may ask for what."""
