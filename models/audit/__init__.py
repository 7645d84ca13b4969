"""The audit log: access events, sealed into a hash-chained, signed sequence of segments."""
