"""From objects and images to labels, splits and pixel arrays."""
