"""A login's tokens: the store that keeps them, who may spend them, `tap-billit-tokens`."""
