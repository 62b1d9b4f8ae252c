"""JSON schemas of Billit's entities, a module each, every property described."""
