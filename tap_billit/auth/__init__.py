"""The way in: an API key or OAuth, the rotating tokens, the command `tap-billit-login`."""
