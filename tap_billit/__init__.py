"""Singer tap for Billit's standard JSON API."""
