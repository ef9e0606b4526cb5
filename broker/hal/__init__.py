"""Representations: what the API answers, as JSON-able values in HAL."""
