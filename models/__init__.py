"""Tables, rules and SQL: a file a noun. Imports none of ours."""
