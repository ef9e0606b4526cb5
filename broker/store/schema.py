"""The tables.

Ids grow with time, so they are also the order of versions: a version created later is the later one, whatever
its number says. Instants are whole microseconds since 1970 in UTC: exact to compare, the same on every
database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

_Id = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False, primary_key: bool = False) -> Column[int]:
    key = ForeignKey(f"{target}.id", ondelete="CASCADE")
    return Column(name, _Id, key, nullable=nullable, primary_key=primary_key)


def _instant(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


# What brokers from before revisions look at. `broker.store.migrate` has the revision itself.
schema_info = Table("schema_info", metadata, Column("version", Integer, nullable=False))

pacticipants = Table(
    "pacticipants",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("name_key", Text, nullable=False, index=True),
    Column("display_name", Text, nullable=False),
    Column("main_branch", Text),
    Column("repository_url", Text),
    _instant("created_at"),
    _instant("updated_at"),
    sqlite_autoincrement=True,
)

versions = Table(
    "versions",
    metadata,
    _id(),
    _ref("pacticipant_id", "pacticipants"),
    Column("number", Text, nullable=False),
    Column("build_url", Text),
    _instant("created_at"),
    _instant("updated_at"),
    UniqueConstraint("pacticipant_id", "number"),
    sqlite_autoincrement=True,  # an id is never used twice: URLs carry version ids
)
Index("ix_versions_order", versions.c.pacticipant_id, versions.c.id)

branches = Table(
    "branches",
    metadata,
    _id(),
    _ref("pacticipant_id", "pacticipants"),
    Column("name", Text, nullable=False),
    _instant("created_at"),
    UniqueConstraint("pacticipant_id", "name"),
)

branch_versions = Table(
    "branch_versions",
    metadata,
    _ref("branch_id", "branches", primary_key=True),
    _ref("version_id", "versions", primary_key=True),
    _instant("created_at"),
)
Index("ix_branch_versions_version", branch_versions.c.version_id)

tags = Table(
    "tags",
    metadata,
    _ref("version_id", "versions", primary_key=True),
    Column("name", Text, primary_key=True),
    _ref("pacticipant_id", "pacticipants"),
    _instant("created_at"),
)
Index("ix_tags_order", tags.c.pacticipant_id, tags.c.name, tags.c.version_id)

environments = Table(
    "environments",
    metadata,
    _id(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("production", Boolean, nullable=False),
    Column("contacts", Text),
    _instant("created_at"),
    _instant("updated_at"),
)

deployments = Table(
    "deployments",
    metadata,
    _id(),
    Column("uuid", Text, nullable=False, unique=True),
    _ref("pacticipant_id", "pacticipants"),
    _ref("version_id", "versions"),
    _ref("environment_id", "environments"),
    # The empty text is the unnamed instance: NULLs would not collide in the unique index below.
    Column("instance", Text, nullable=False),
    _instant("created_at"),
    _instant("undeployed_at", nullable=True),
)
Index("ix_deployments_version", deployments.c.version_id)
Index(
    "ix_deployments_current",
    deployments.c.environment_id,
    deployments.c.pacticipant_id,
    deployments.c.instance,
    unique=True,
    sqlite_where=text("undeployed_at IS NULL"),
    postgresql_where=text("undeployed_at IS NULL"),
)

releases = Table(
    "releases",
    metadata,
    _id(),
    Column("uuid", Text, nullable=False, unique=True),
    _ref("pacticipant_id", "pacticipants"),
    _ref("version_id", "versions"),
    _ref("environment_id", "environments"),
    _instant("created_at"),
    _instant("support_ended_at", nullable=True),
    UniqueConstraint("version_id", "environment_id"),
)
Index(
    "ix_releases_current",
    releases.c.environment_id,
    releases.c.pacticipant_id,
    sqlite_where=text("support_ended_at IS NULL"),
    postgresql_where=text("support_ended_at IS NULL"),
)

integrations = Table(
    "integrations",
    metadata,
    _ref("consumer_id", "pacticipants", primary_key=True),
    _ref("provider_id", "pacticipants", primary_key=True),
    _instant("created_at"),
)
Index("ix_integrations_provider", integrations.c.provider_id)

contents = Table(
    "contents",
    metadata,
    _id(),
    _ref("consumer_id", "pacticipants"),
    _ref("provider_id", "pacticipants"),
    Column("sha", Text, nullable=False),
    _instant("created_at"),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("consumer_id", "provider_id", "sha"),
    # SQLite may use the id of a removed last row again: giving it AUTOINCREMENT now would mean to write all contents
    # anew. Whoever keeps something about a content that was read earlier looks at its sha again.
)

pacts = Table(
    "pacts",
    metadata,
    _id(),
    _ref("consumer_id", "pacticipants"),
    _ref("provider_id", "pacticipants"),
    _ref("consumer_version_id", "versions"),
    _ref("content_id", "contents"),
    _instant("created_at"),
    UniqueConstraint("consumer_version_id", "provider_id"),
)
Index("ix_pacts_order", pacts.c.provider_id, pacts.c.consumer_id, pacts.c.consumer_version_id)
Index("ix_pacts_content", pacts.c.content_id, pacts.c.consumer_version_id)

verifications = Table(
    "verifications",
    metadata,
    _id(),
    _ref("content_id", "contents"),
    _ref("provider_version_id", "versions"),
    Column("success", Boolean, nullable=False),
    Column("wip", Boolean, nullable=False),
    Column("build_url", Text),
    _instant("created_at"),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index(
    "ix_verifications_latest",
    verifications.c.content_id,
    verifications.c.provider_version_id,
    verifications.c.id,
)
Index("ix_verifications_provider_version", verifications.c.provider_version_id)

labels = Table(
    "labels",
    metadata,
    _ref("pacticipant_id", "pacticipants", primary_key=True),
    Column("name", Text, primary_key=True),
    _instant("created_at"),
)
Index("ix_labels_name", labels.c.name)

# Neither consumer nor provider: every integration. A label stands for all pacticipants that have it.
webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    _ref("consumer_id", "pacticipants", nullable=True),
    _ref("provider_id", "pacticipants", nullable=True),
    Column("consumer_label", Text),
    Column("provider_label", Text),
    Column("events", Text, nullable=False),  # JSON: a list of names
    Column("request", LargeBinary, nullable=False),  # JSON, secrets included: it never leaves the broker whole
    Column("enabled", Boolean, nullable=False),
    _instant("created_at"),
    _instant("updated_at"),
)

# Written in the transaction of the event itself, so that no event is lost when the process dies before the call.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _id(),
    Column("uuid", Text, nullable=False, unique=True),
    _ref("webhook_id", "webhooks"),
    Column("event", Text, nullable=False),
    _ref("consumer_id", "pacticipants"),
    _ref("provider_id", "pacticipants"),
    Column("context", LargeBinary, nullable=False),  # JSON: what the templates may name
    Column("status", Text, nullable=False),  # waiting, retrying, success, failure or cancelled
    Column("attempts", Integer, nullable=False),
    _instant("due_at", nullable=True),  # None: nothing more is to be done
    _instant("created_at"),
    _instant("updated_at"),
)
Index("ix_webhook_deliveries_due", webhook_deliveries.c.due_at)
Index("ix_webhook_deliveries_webhook", webhook_deliveries.c.webhook_id, webhook_deliveries.c.id)
Index(
    "ix_webhook_deliveries_pair",
    webhook_deliveries.c.provider_id,
    webhook_deliveries.c.consumer_id,
    webhook_deliveries.c.id,
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    _id(),
    _ref("delivery_id", "webhook_deliveries"),
    Column("success", Boolean, nullable=False),
    Column("status", Integer),  # of the answer; None when there was none
    Column("log", Text, nullable=False),  # secrets struck out
    _instant("created_at"),
)
Index("ix_webhook_attempts_delivery", webhook_attempts.c.delivery_id, webhook_attempts.c.id)

# A provider's OpenAPI document, stored once however many versions publish it.
provider_documents = Table(
    "provider_documents",
    metadata,
    _id(),
    _ref("provider_id", "pacticipants"),
    Column("sha", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _instant("created_at"),
    UniqueConstraint("provider_id", "sha"),
    sqlite_autoincrement=True,  # comparisons are made of a document by its id, and kept later
)

provider_contracts = Table(
    "provider_contracts",
    metadata,
    _id(),
    _ref("provider_id", "pacticipants"),
    Column("version_id", _Id, ForeignKey("versions.id", ondelete="CASCADE"), nullable=False, unique=True),
    _ref("document_id", "provider_documents"),
    Column("self_verified", Boolean),  # None: the provider said nothing of it
    Column("self_verification", LargeBinary),  # JSON: verifier, its version, the result's content and type
    _instant("created_at"),
)
Index("ix_provider_contracts_order", provider_contracts.c.provider_id, provider_contracts.c.version_id)
Index("ix_provider_contracts_document", provider_contracts.c.document_id)

# A pure function of both sides, kept because it is asked for again and again.
comparisons = Table(
    "comparisons",
    metadata,
    _ref("content_id", "contents", primary_key=True),
    _ref("document_id", "provider_documents", primary_key=True),
    Column("success", Boolean, nullable=False),
    # What a row of the matrix needs of the report, which may be large.
    Column("checked", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("first_error", Text),
    Column("unproven", Integer, nullable=False),
    Column("comparator", Integer, nullable=False),  # broker.comparison.COMPARATOR of its time; others count for nothing
    Column("first_unproven", Text),
    Column("report", LargeBinary, nullable=False),  # JSON: every finding, with pointers into both documents
    _instant("created_at"),
)
Index("ix_comparisons_document", comparisons.c.document_id)
