"""Recipients of personal data, and the disclosures to them."""
