"""Labels, webhooks with their deliveries, and providers' OpenAPI documents with what comparing them showed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "labels",
        sa.Column("pacticipant_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["pacticipant_id"], ["pacticipants.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pacticipant_id", "name"),
    )
    op.create_index("ix_labels_name", "labels", ["name"])
    op.create_table(
        "provider_documents",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["pacticipants.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider_id", "sha"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhooks",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("consumer_id", ID, nullable=True),
        sa.Column("provider_id", ID, nullable=True),
        sa.Column("consumer_label", sa.Text(), nullable=True),
        sa.Column("provider_label", sa.Text(), nullable=True),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["consumer_id"], ["pacticipants.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["provider_id"], ["pacticipants.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uuid"),
    )
    op.create_table(
        "comparisons",
        sa.Column("content_id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("first_error", sa.Text(), nullable=True),
        sa.Column("unproven", sa.Integer(), nullable=False),
        sa.Column("comparator", sa.Integer(), nullable=False),
        sa.Column("first_unproven", sa.Text(), nullable=True),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["document_id"], ["provider_documents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id", "document_id"),
    )
    op.create_index("ix_comparisons_document", "comparisons", ["document_id"])
    op.create_table(
        "provider_contracts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("self_verified", sa.Boolean(), nullable=True),
        sa.Column("self_verification", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["provider_documents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["provider_id"], ["pacticipants.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("version_id"),
    )
    op.create_index("ix_provider_contracts_document", "provider_contracts", ["document_id"])
    op.create_index("ix_provider_contracts_order", "provider_contracts", ["provider_id", "version_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("consumer_id", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["consumer_id"], ["pacticipants.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["provider_id"], ["pacticipants.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uuid"),
    )
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["due_at"])
    op.create_index("ix_webhook_deliveries_pair", "webhook_deliveries", ["provider_id", "consumer_id", "id"])
    op.create_index("ix_webhook_deliveries_webhook", "webhook_deliveries", ["webhook_id", "id"])
    op.create_table(
        "webhook_attempts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_webhook_attempts_delivery", "webhook_attempts", ["delivery_id", "id"])
    # A broker from before revisions knows version 1 only: it refuses this database instead of writing into it.
    op.execute("UPDATE schema_info SET version = 2")
