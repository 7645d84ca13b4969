"""People affected by a forced disclosure or an incident, and the letters that notify each of them once."""
