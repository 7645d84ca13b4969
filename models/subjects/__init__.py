"""Data subjects: records, identifiers, accounts, email addresses and restrictions."""
