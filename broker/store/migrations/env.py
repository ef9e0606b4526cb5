"""Alembic's entry: revisions run on the connection, and in the transaction, that `broker.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
