"""The mail outbox: emails to people and notices to staff, enqueued in the transaction that causes them."""
