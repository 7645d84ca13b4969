"""Payment fragments: the expiry date and the last four digits of a card."""
