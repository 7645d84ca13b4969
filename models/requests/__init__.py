"""Rights requests (Chapter III GDPR): intake, identity proof, deadlines and closing."""
