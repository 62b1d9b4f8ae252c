"""Proof that the example for Airflow loses nothing: see `__main__.py`."""
