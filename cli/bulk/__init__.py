"""Process long files line by line: resumable, with bounded memory, and without input values in any output."""
