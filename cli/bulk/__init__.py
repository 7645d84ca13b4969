"""Work through a long file a line at a time: resumable, bounded, and silent about what the lines hold."""
