"""The audit log: access events, sealed into a hash-chained sequence of signed segments."""
