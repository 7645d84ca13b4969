"""Encryption: master keys, the key store, the keyring of data keys, and encrypted columns."""
