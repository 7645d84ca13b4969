"""The desk: pages with which support agents and privacy officers work. It is a client of the API over HTTP."""
