"""The command `tap-billit-doctor`: what Billit does where its documentation is silent."""
