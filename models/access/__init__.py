"""Access: tokens, access grants, and the PostgreSQL roles that the service acts as."""
