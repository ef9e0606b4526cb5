"""Where billing keeps its state: one protocol, a memory store, and an SQL store for SQLite and PostgreSQL."""
