"""The first schema: what the provider kept before its database had revisions."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT: Final = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT: Final = sa.BigInteger()
MONTH: Final = sa.String(7)
DECIMAL: Final = sa.String()


def upgrade() -> None:
    op.create_table(
        "accounts",
        _is("account_id", TEXT),
        _is("region", TEXT),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "contracts",
        _is("contract_id", TEXT),
        _is("name", TEXT),
        _is("contract_type", TEXT),
        _is("currency", TEXT),
        _is("base_fee", sa.BigInteger()),
        _is("discount_rate", DECIMAL),
        _is("prices", sa.JSON()),
        sa.PrimaryKeyConstraint("contract_id"),
    )
    op.create_table(
        "counters",
        _is("counter_name", TEXT),
        _is("currency", TEXT),
        _is("effective_from", sa.Date()),
        _is("counter_type", TEXT),
        _is("price", sa.JSON()),
        sa.PrimaryKeyConstraint("counter_name", "currency", "effective_from"),
    )
    op.create_table(
        "gateway_charges",
        _is("attempt_id", TEXT),
        _is("gateway_id", TEXT),
        _is("state", TEXT),
        _is("amount", sa.BigInteger()),
        _is("currency", TEXT),
        _is("at", INSTANT),
        _may_be("reason", TEXT),
        sa.CheckConstraint("amount > 0", name="a_charge_moves_money"),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_table(
        "idempotency_keys",
        _is("scope", TEXT),
        _is("account_id", TEXT),
        _is("key", TEXT),
        _is("digest", TEXT),
        _may_be("reply", sa.JSON(none_as_null=True)),
        _may_be("subject", TEXT),
        _is("at", INSTANT),
        sa.PrimaryKeyConstraint("scope", "account_id", "key"),
    )
    op.create_index("ix_idempotency_keys_account_id", "idempotency_keys", ["account_id"])
    op.create_table(
        "adjustments",
        _is("adjustment_id", TEXT),
        _is("account_id", TEXT),
        _is("level", TEXT),
        _is("target_id", TEXT),
        _is("adjustment_type", TEXT),
        _is("value", DECIMAL),
        _is("month_from", MONTH),
        _may_be("month_to", MONTH),
        _is("descriptions", sa.JSON()),
        _owned(),
        sa.PrimaryKeyConstraint("adjustment_id"),
    )
    op.create_index("adjustments_by_target", "adjustments", ["level", "target_id"])
    op.create_index("ix_adjustments_account_id", "adjustments", ["account_id"])
    op.create_table(
        "billing_groups",
        _is("billing_group_id", TEXT),
        _is("account_id", TEXT),
        _is("name", TEXT),
        _is("is_default", sa.Boolean()),
        _owned(),
        sa.PrimaryKeyConstraint("billing_group_id"),
    )
    op.create_index("ix_billing_groups_account_id", "billing_groups", ["account_id"])
    op.create_table(
        "credit_grants",
        _is("grant_id", TEXT),
        _is("account_id", TEXT),
        _is("credit_type", TEXT),
        _is("amount", sa.BigInteger()),
        _is("currency", TEXT),
        _is("valid_from", sa.Date()),
        _may_be("valid_to", sa.Date()),
        _is("granted_at", INSTANT),
        _is("counters", sa.JSON()),
        _is("name", TEXT),
        _is("campaign_id", TEXT),
        _may_be("coupon", TEXT),
        _owned(),
        sa.PrimaryKeyConstraint("grant_id"),
        sa.UniqueConstraint("account_id", "coupon"),
    )
    op.create_index("ix_credit_grants_campaign_id", "credit_grants", ["campaign_id"])
    op.create_index("ix_credit_grants_valid_to", "credit_grants", ["valid_to"])
    op.create_table(
        "jobs",
        _is("number", NUMBER, autoincrement=True),
        _is("job_id", TEXT),
        _is("kind", TEXT),
        _is("month", MONTH),
        _may_be("account_id", TEXT),
        _may_be("region", TEXT),
        _may_be("on", sa.Date()),
        _is("include_usage", sa.Boolean()),
        _is("status", TEXT),
        _is("progress", sa.Integer()),
        _is("max_progress", sa.Integer()),
        _is("cursor", TEXT),
        _is("errors", sa.JSON()),
        _is("started_at", INSTANT),
        _may_be("finished_at", INSTANT),
        _owned(),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("job_id"),
    )
    op.create_index("ix_jobs_account_id", "jobs", ["account_id"])
    op.create_index("ix_jobs_status", "jobs", ["status"])
    op.create_table(
        "meters",
        _is("account_id", TEXT),
        _is("meter_id", TEXT),
        _is("project_id", TEXT),
        _is("app_key", TEXT),
        _is("counter_name", TEXT),
        _is("counter_type", TEXT),
        _is("counter_unit", TEXT),
        _is("counter_volume", DECIMAL),
        _is("at", INSTANT),
        _is("resource_id", TEXT),
        _is("resource_name", TEXT),
        _is("parent_resource_id", TEXT),
        _is("source", TEXT),
        _owned(),
        sa.PrimaryKeyConstraint("account_id", "meter_id"),
    )
    op.create_index("meters_by_time", "meters", ["project_id", "at", "meter_id"])
    op.create_index(
        "meters_cumulative",
        "meters",
        ["project_id", "counter_name", "resource_id", "at"],
        unique=False,
        sqlite_where=sa.text("counter_type = 'CUMULATIVE'"),
        postgresql_where=sa.text("counter_type = 'CUMULATIVE'"),
    )
    op.create_table(
        "payment_attempts",
        _is("attempt_id", TEXT),
        _is("account_id", TEXT),
        _is("payment_group_id", TEXT),
        _is("amount", sa.BigInteger()),
        _is("currency", TEXT),
        _is("state", TEXT),
        _is("started_at", INSTANT),
        _may_be("gateway_id", TEXT),
        _may_be("reason", TEXT),
        _owned(),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_index("ix_payment_attempts_account_id", "payment_attempts", ["account_id"])
    op.create_index("ix_payment_attempts_state", "payment_attempts", ["state"])
    op.create_index(
        "one_live_attempt",
        "payment_attempts",
        ["payment_group_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('CAPTURED', 'STARTED', 'UNKNOWN')"),
        postgresql_where=sa.text("state IN ('CAPTURED', 'STARTED', 'UNKNOWN')"),
    )
    op.create_table(
        "statements",
        _is("payment_group_id", TEXT),
        _is("account_id", TEXT),
        _is("billing_group_id", TEXT),
        _is("region", TEXT),
        _is("month", MONTH),
        _is("currency", TEXT),
        _is("payment_status", TEXT),
        _is("calculation_policy", TEXT),
        _is("charge", sa.BigInteger()),
        _is("total_discount", sa.BigInteger()),
        _is("total_extra", sa.BigInteger()),
        _is("base_fee_top_up", sa.BigInteger()),
        _is("tax_amount", sa.BigInteger()),
        _is("total_amount", sa.BigInteger()),
        _is("free_credit_limit", sa.BigInteger()),
        _is("free_credit_all", sa.BigInteger()),
        _is("paid_credit_limit", sa.BigInteger()),
        _is("paid_credit_all", sa.BigInteger()),
        _is("total_credit", sa.BigInteger()),
        _is("late_fee", sa.BigInteger()),
        _is("payable", sa.BigInteger()),
        _is("unpaid_amount", sa.BigInteger()),
        _is("total_due", sa.BigInteger()),
        _is("overdue", sa.Boolean()),
        _is("detail", sa.JSON()),
        _may_be("paid_at", INSTANT),
        _may_be("refunded_at", INSTANT),
        _may_be("reason", TEXT),
        _owned(),
        sa.PrimaryKeyConstraint("payment_group_id"),
        sa.UniqueConstraint("billing_group_id", "month"),
    )
    op.create_index("statements_by_account", "statements", ["account_id", "month"])
    op.create_index("statements_by_month", "statements", ["month", "account_id"])
    op.create_table(
        "contract_terms",
        _is("billing_group_id", TEXT),
        _is("month_from", MONTH),
        _is("contract_id", TEXT),
        sa.ForeignKeyConstraint(["billing_group_id"], ["billing_groups.billing_group_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contracts.contract_id"],
        ),
        sa.PrimaryKeyConstraint("billing_group_id", "month_from"),
    )
    op.create_index("ix_contract_terms_contract_id", "contract_terms", ["contract_id"])
    op.create_table(
        "credit_ledger",
        _is("number", NUMBER, autoincrement=True),
        _is("entry_id", TEXT),
        _is("account_id", TEXT),
        _is("grant_id", TEXT),
        _is("kind", TEXT),
        _is("amount", sa.BigInteger()),
        _is("at", INSTANT),
        _may_be("payment_group_id", TEXT),
        _may_be("month", MONTH),
        _may_be("reverses", TEXT),
        _may_be("reason", TEXT),
        _owned(),
        sa.ForeignKeyConstraint(["grant_id"], ["credit_grants.grant_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("entry_id"),
        sa.UniqueConstraint("reverses"),
    )
    op.create_index("ix_credit_ledger_account_id", "credit_ledger", ["account_id"])
    op.create_index("ix_credit_ledger_grant_id", "credit_ledger", ["grant_id"])
    op.create_index("ix_credit_ledger_payment_group_id", "credit_ledger", ["payment_group_id"])
    op.create_table(
        "projects",
        _is("project_id", TEXT),
        _is("app_key", TEXT),
        _is("billing_group_id", TEXT),
        _is("account_id", TEXT),
        _owned(),
        sa.ForeignKeyConstraint(["billing_group_id"], ["billing_groups.billing_group_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id"),
        sa.UniqueConstraint("app_key"),
    )
    op.create_index("ix_projects_account_id", "projects", ["account_id"])
    op.create_index("ix_projects_billing_group_id", "projects", ["billing_group_id"])


def _is(name: str, kind: Any, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **more)


def _may_be(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _owned() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], ondelete="CASCADE")
