"""Feed webhooks: the changes of the feed, sent to the systems that subscribe to them."""
