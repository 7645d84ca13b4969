"""Encryption: master keys, the keyring of data keys, and encrypted columns."""
