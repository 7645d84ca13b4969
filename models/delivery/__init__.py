"""Delivery of emails: claims, handoff to the mail server, results, review and cleanup."""
