"""What is shown: types, and the source of each of their fields. A file a noun."""
