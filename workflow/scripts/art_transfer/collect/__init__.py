"""From a museum to a table of objects and shards of image files."""
