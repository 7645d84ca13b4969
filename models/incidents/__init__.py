"""Personal data breaches (Art. 33 and 34 GDPR): whom they affect, and the notices about them."""
