"""Erasure (Art. 17 GDPR): planning, execution, steps of other systems, certificates and the ledger."""
