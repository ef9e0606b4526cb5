"""The tables. Amounts are integers in minor units, instants whole microseconds since 1970, months YYYY-MM.

Text that may hold any character is compared byte by byte in both databases, so both sort alike.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

from provider_stub.engine.money import decimal_text
from provider_stub.engine.payments import LIVE_ATTEMPTS
from provider_stub.engine.period import Month

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """Exact and comparable in every database, which a text with an offset is not."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class MonthText(TypeDecorator[Month]):
    impl = String(7)
    cache_ok = True

    def process_bind_param(self, value: Month | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Month | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else Month(int(value[:4]), int(value[5:]))


class DecimalText(TypeDecorator[Decimal]):
    """SQLite has no decimals, and a float would lose digits."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else decimal_text(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else Decimal(value)


METADATA: Final = MetaData()
# SQLite compares bytes anyhow, and knows no collation "C".
TEXT: Final = String().with_variant(String(collation="C"), "postgresql")
NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite


def _account(*, nullable: bool = False, index: bool = False) -> Column[str]:
    owner = ForeignKey("accounts.account_id", ondelete="CASCADE")
    return Column("account_id", TEXT, owner, nullable=nullable, index=index)


ACCOUNTS: Final = Table(
    "accounts",
    METADATA,
    Column("account_id", TEXT, primary_key=True),
    Column("region", TEXT, nullable=False),
)

GROUPS: Final = Table(
    "billing_groups",
    METADATA,
    Column("billing_group_id", TEXT, primary_key=True),
    _account(index=True),
    Column("name", TEXT, nullable=False),
    Column("is_default", Boolean, nullable=False),
)

PROJECTS: Final = Table(
    "projects",
    METADATA,
    Column("project_id", TEXT, primary_key=True),
    Column("app_key", TEXT, nullable=False, unique=True),
    Column(
        "billing_group_id",
        TEXT,
        ForeignKey("billing_groups.billing_group_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    _account(index=True),
)

COUNTERS: Final = Table(
    "counters",
    METADATA,
    Column("counter_name", TEXT, nullable=False),
    Column("currency", TEXT, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("counter_type", TEXT, nullable=False),
    Column("price", JSON, nullable=False),
    PrimaryKeyConstraint("counter_name", "currency", "effective_from"),
)

METERS: Final = Table(
    "meters",
    METADATA,
    _account(),
    Column("meter_id", TEXT, nullable=False),
    Column("project_id", TEXT, nullable=False),
    Column("app_key", TEXT, nullable=False),
    Column("counter_name", TEXT, nullable=False),
    Column("counter_type", TEXT, nullable=False),
    Column("counter_unit", TEXT, nullable=False),
    # Two whole numbers, since SQLite has no decimals and adds up texts as floats: `volume_fraction` counts 10^-12.
    Column("volume_whole", BigInteger, nullable=False),
    Column("volume_fraction", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("resource_id", TEXT, nullable=False),
    Column("resource_name", TEXT, nullable=False),
    Column("parent_resource_id", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    PrimaryKeyConstraint("account_id", "meter_id"),
    Index("meters_by_time", "project_id", "at", "meter_id"),
    # Finds the last reading of each series without a look at all the others.
    Index(
        "meters_cumulative",
        "project_id",
        "counter_name",
        "resource_id",
        "at",
        "meter_id",
        sqlite_where=text("counter_type = 'CUMULATIVE'"),
        postgresql_where=text("counter_type = 'CUMULATIVE'"),
    ),
)

CONTRACTS: Final = Table(
    "contracts",
    METADATA,
    Column("contract_id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("contract_type", TEXT, nullable=False),
    Column("currency", TEXT, nullable=False),
    Column("base_fee", BigInteger, nullable=False),
    Column("discount_rate", DecimalText, nullable=False),
    Column("prices", JSON, nullable=False),
)

TERMS: Final = Table(
    "contract_terms",
    METADATA,
    Column("billing_group_id", TEXT, ForeignKey("billing_groups.billing_group_id", ondelete="CASCADE"), nullable=False),
    Column("month_from", MonthText, nullable=False),
    Column("contract_id", TEXT, ForeignKey("contracts.contract_id"), nullable=False, index=True),
    PrimaryKeyConstraint("billing_group_id", "month_from"),
)

ADJUSTMENTS: Final = Table(
    "adjustments",
    METADATA,
    Column("adjustment_id", TEXT, primary_key=True),
    _account(index=True),
    Column("level", TEXT, nullable=False),
    Column("target_id", TEXT, nullable=False),
    Column("adjustment_type", TEXT, nullable=False),
    Column("value", DecimalText, nullable=False),
    Column("month_from", MonthText, nullable=False),
    Column("month_to", MonthText),
    Column("descriptions", JSON, nullable=False),
    Index("adjustments_by_target", "level", "target_id"),
)

GRANTS: Final = Table(
    "credit_grants",
    METADATA,
    Column("grant_id", TEXT, primary_key=True),
    _account(),
    Column("credit_type", TEXT, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", TEXT, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, index=True),
    Column("granted_at", Instant, nullable=False),
    Column("counters", JSON, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("campaign_id", TEXT, nullable=False, index=True),
    Column("coupon", TEXT),
    UniqueConstraint("account_id", "coupon"),  # a coupon is redeemed once; grants without one do not collide
)

LEDGER: Final = Table(
    "credit_ledger",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("entry_id", TEXT, nullable=False, unique=True),
    _account(index=True),
    Column("grant_id", TEXT, ForeignKey("credit_grants.grant_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", TEXT, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("payment_group_id", TEXT, index=True),
    Column("month", MonthText),
    Column("reverses", TEXT, unique=True),  # what was used is given back at most once
    Column("reason", TEXT),
)

STATEMENTS: Final = Table(
    "statements",
    METADATA,
    Column("payment_group_id", TEXT, primary_key=True),
    _account(),
    Column("billing_group_id", TEXT, nullable=False),
    Column("region", TEXT, nullable=False),
    Column("month", MonthText, nullable=False),
    Column("currency", TEXT, nullable=False),
    Column("payment_status", TEXT, nullable=False),
    Column("calculation_policy", TEXT, nullable=False),
    *(
        Column(amount, BigInteger, nullable=False)
        for amount in (
            "charge",
            "total_discount",
            "total_extra",
            "base_fee_top_up",
            "tax_amount",
            "total_amount",
            "free_credit_limit",
            "free_credit_all",
            "paid_credit_limit",
            "paid_credit_all",
            "total_credit",
            "late_fee",
            "payable",
            "unpaid_amount",
            "total_due",
        )
    ),
    Column("overdue", Boolean, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("paid_at", Instant),
    Column("refunded_at", Instant),
    Column("reason", TEXT),
    UniqueConstraint("billing_group_id", "month"),
    Index("statements_by_account", "account_id", "month"),
    Index("statements_by_month", "month", "account_id"),
)

_LIVE: Final = text("state IN ({})".format(", ".join(f"'{state}'" for state in sorted(LIVE_ATTEMPTS))))

ATTEMPTS: Final = Table(
    "payment_attempts",
    METADATA,
    Column("attempt_id", TEXT, primary_key=True),
    _account(index=True),
    Column("payment_group_id", TEXT, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", TEXT, nullable=False),
    Column("state", TEXT, nullable=False, index=True),
    Column("started_at", Instant, nullable=False),
    Column("gateway_id", TEXT),
    Column("reason", TEXT),
    # The last line of defence against a second charge: the database itself holds at most one live attempt a statement.
    Index("one_live_attempt", "payment_group_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
)

JOBS: Final = Table(
    "jobs",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("job_id", TEXT, nullable=False, unique=True),
    Column("kind", TEXT, nullable=False),
    Column("month", MonthText, nullable=False),
    _account(nullable=True, index=True),
    Column("region", TEXT),
    Column("on", Date),
    Column("include_usage", Boolean, nullable=False),
    Column("status", TEXT, nullable=False, index=True),
    Column("progress", Integer, nullable=False),
    Column("max_progress", Integer, nullable=False),
    Column("cursor", TEXT, nullable=False),
    Column("errors", JSON, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
)

KEYS: Final = Table(
    "idempotency_keys",
    METADATA,
    Column("scope", TEXT, nullable=False),
    Column("account_id", TEXT, nullable=False, index=True),  # empty for what belongs to no account
    Column("key", TEXT, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("reply", JSON(none_as_null=True)),
    Column("subject", TEXT),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("scope", "account_id", "key"),
)

CHARGES: Final = Table(
    "gateway_charges",
    METADATA,
    Column("attempt_id", TEXT, primary_key=True),
    Column("gateway_id", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", TEXT, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", TEXT),
    CheckConstraint("amount > 0", name="a_charge_moves_money"),
)
