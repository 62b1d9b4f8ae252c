"""Billit's API: one client, how it asks, how fast, and what it makes of the answers."""
