"""From results to one sealed archive."""
