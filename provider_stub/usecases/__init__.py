"""What the provider does: each use case loads, calls the engine, and saves."""
