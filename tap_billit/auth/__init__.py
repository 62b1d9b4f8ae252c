"""What is on a request, and how a person gets in: API key, OAuth, `tap-billit-login`."""
