"""Alembic revisions, which bring a database of any earlier version up to date; `migrate.py` runs them."""
