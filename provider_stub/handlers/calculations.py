"""Handlers of the tag calculations."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from provider_stub import wire
from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.contracts import ContractType
from provider_stub.engine.credits import CreditType
from provider_stub.engine.errors import InvalidValue
from provider_stub.engine.metering import Usage
from provider_stub.engine.money import decimal_of
from provider_stub.engine.period import Month
from provider_stub.engine.regions import region_of
from provider_stub.generated import schemas
from provider_stub.handlers.contracts import agreed_prices
from provider_stub.usecases import calculations, jobs, whatif
from provider_stub.usecases.context import Context, once
from provider_stub.usecases.contracts import Terms
from provider_stub.usecases.jobs import Job, JobError, JobKind

DEFAULT_PROJECT = "default"
"""The project of what-if usage that names none."""


@frozen
class Calculations:
    ctx: Context

    def start_calculation(
        self, *, body: schemas.StartCalculationRequest, idempotency_key: str | None = None
    ) -> schemas.CalculationStarted:
        account_id, month = body["uuid"], Month.parse(body["month"])
        one_time = once(_started, "start_calculation", idempotency_key, body, account_id=account_id)
        return jobs.start_calculation(self.ctx, account_id, month, body.get("includeUsage", True), one_time)

    def get_progress(self, *, uuid: str | None = None, month: str | None = None) -> schemas.ProgressReport:
        found = jobs.get_progress(self.ctx, uuid, Month.parse(month, "/query/month") if month else None)
        return {"header": wire.success(), "progressStatusList": [_progress(job) for job in found]}

    def delete_calculated_resources(self, *, month: str, uuid: str) -> schemas.Acknowledgement:
        calculations.delete_calculated_resources(self.ctx, uuid, Month.parse(month, "/query/month"))
        return wire.acknowledgement()

    def calculate(self, *, body: schemas.CalculateRequest) -> schemas.CalculateResponse:
        found = whatif.what_if(self.ctx, _assumptions(body))
        return {
            "header": wire.success(),
            "statement": wire.statement(found.statement),
            "totalCreditAmt": found.credit_left,
        }

    def start_batch(
        self, *, body: schemas.StartBatchRequest, idempotency_key: str | None = None
    ) -> schemas.BatchResponse:
        return jobs.start_batch(
            self.ctx,
            JobKind(body["batchJobCode"]),
            wire.day(body["date"], "/date"),
            body.get("region"),
            body.get("async", True),
            once(_batch, "start_batch", idempotency_key, body),
        )

    def get_batch(self, *, batch_id: str) -> schemas.BatchResponse:
        return _batch(jobs.get_batch(self.ctx, batch_id))


def _started(job_id: str) -> schemas.CalculationStarted:
    return {"header": wire.success(), "calculationId": job_id}


def _progress(job: Job) -> schemas.ProgressStatus:
    shown: schemas.ProgressStatus = {
        "progressCode": "API_CALCULATE_USAGE_AND_PRICE",
        "progress": job.progress,
        "maxProgress": job.max_progress,
        "status": wire.code(job.status),
        "calculationId": job.job_id,
        "uuid": job.account_id or "",
        "month": str(job.month),
    }
    if job.errors:
        shown["errors"] = _errors(job.errors)
    return shown


def _batch(job: Job) -> schemas.BatchResponse:
    shown: schemas.Batch = {
        "batchId": job.job_id,
        "batchJobCode": wire.code(job.kind),
        "date": (job.on or job.month.first_day).isoformat(),
        "status": wire.code(job.status),
        "progress": job.progress,
        "maxProgress": job.max_progress,
        "startedAt": wire.instant_text(job.started_at),
    }
    if job.region is not None:
        shown["region"] = wire.code(job.region)
    if job.finished_at is not None:
        shown["finishedAt"] = wire.instant_text(job.finished_at)
    if job.errors:
        shown["errors"] = _errors(job.errors)
    return {"header": wire.success(), "batch": shown}


def _errors(errors: Sequence[JobError]) -> list[schemas.FieldError]:
    return [{"pointer": error.pointer, "detail": error.detail} for error in errors]


def _assumptions(body: schemas.CalculateRequest) -> whatif.Assumptions:
    month = Month.parse(body["month"]) if "month" in body else None
    return whatif.Assumptions(
        region=body["region"],
        usage=[_usage(one) for one in body["usage"]],
        month=month,
        prices=[
            whatif.ListPrice(one["counterName"], one["unit"], Decimal(one["price"])) for one in body.get("prices", ())
        ],
        contract=_terms(body["contract"], body["region"]) if "contract" in body else None,
        adjustments=[_adjustment(index, one, month) for index, one in enumerate(body.get("adjustments", ()))],
        credits=[_credit(index, one) for index, one in enumerate(body.get("credits", ()))],
        unpaid=[
            (Month.parse(one["month"], f"/unpaid/{index}/month"), int(one["amount"]), int(one.get("lateFee", 0)))
            for index, one in enumerate(body.get("unpaid", ()))
        ],
        overdue=body.get("overdue", False),
    )


def _usage(one: schemas.UsageInput) -> Usage:
    project = one.get("projectId", DEFAULT_PROJECT)
    return Usage(project, one["counterName"], one["counterUnit"], Decimal(one["counterVolume"]))


def _terms(given: schemas.ContractInput, region: str) -> Terms:
    return Terms(
        "what-if",
        ContractType(given.get("contractType", ContractType.PERIOD)),
        region_of(region).currency,
        int(given.get("baseFee", 0)),
        decimal_of(given.get("discountRate", 0), "/contract/discountRate"),
        agreed_prices(given.get("prices", ())),
    )


def _adjustment(index: int, one: schemas.AdjustmentInput, month: Month | None) -> Adjustment:
    """It covers the month at hand, whichever that is: without a month, from the first one that there is."""
    level = Level(one["level"])
    if level is Level.BILLING_GROUP and "projectId" in one:
        raise InvalidValue.at_field(f"/adjustments/{index}/projectId", "a billing group's adjustment has no project")
    return Adjustment(
        f"what-if-{index:03}",
        level,
        one.get("projectId", DEFAULT_PROJECT) if level is Level.PROJECT else whatif.WHAT_IF,
        AdjustmentType(one["adjustmentTypeCode"]),
        decimal_of(one["adjustment"], f"/adjustments/{index}/adjustment"),
        month or Month(2000, 1),
    )


def _credit(index: int, one: schemas.CreditInput) -> whatif.AssumedCredit:
    return whatif.AssumedCredit(
        int(one["credit"]),
        CreditType(one["balancePriceTypeCode"]),
        frozenset(one.get("counterNames", ())),
        wire.optional_day(one.get("expirationDateFrom"), f"/credits/{index}/expirationDateFrom"),
        wire.optional_day(one.get("expirationDateTo"), f"/credits/{index}/expirationDateTo"),
    )
