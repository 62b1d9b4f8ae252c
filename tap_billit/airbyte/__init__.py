"""`source-billit`, the tap as an Airbyte source: only what it writes is another."""
