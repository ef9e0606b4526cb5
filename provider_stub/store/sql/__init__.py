"""The SQL store: one schema for SQLite and PostgreSQL."""
