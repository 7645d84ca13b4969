"""Exports: what is held about a person, put together for a request of access or portability, and handed over."""
