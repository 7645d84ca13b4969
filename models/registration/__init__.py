"""Registration, correction and import of people."""
