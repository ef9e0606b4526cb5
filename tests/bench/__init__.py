"""Measurements of the provider from within: how fast, not whether right."""
