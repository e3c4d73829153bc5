"""Using what was trained: predictions for anybody's images, and a card for each network."""
