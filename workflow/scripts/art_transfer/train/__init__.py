"""From pixels to features, heads, fine-tuned networks and run folders."""
