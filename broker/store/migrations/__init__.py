"""The history of the schema, one Alembic revision a file; `broker.store.migrate` runs it.

A revision that has been released is never changed. `broker.store.schema` says what the last one leaves behind.
"""
