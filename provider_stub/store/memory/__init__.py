"""The store in memory, for tests and trials: the same units of work over plain dicts."""
