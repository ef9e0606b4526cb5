"""The billing engine: pure functions over frozen values. Time, ids and usage come in, statements go out."""
