"""What is generated from schema.graphql. Do not edit."""
