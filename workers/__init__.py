"""The second program: does what is due."""
