"""The generator: operations made of the schema, and the Python code of both."""
