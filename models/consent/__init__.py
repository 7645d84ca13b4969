"""Consent: the ledger of choices, decisions, opt-outs and suppressions."""
