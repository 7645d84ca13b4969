"""Who may do what: the access policy, authentication, database grants and the restore guard."""
