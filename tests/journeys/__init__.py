"""What people and operators live through, end to end."""
