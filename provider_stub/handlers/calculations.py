"""Handlers of the tag calculations."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.handlers.contracts import agreed_prices
from provider_stub.usecases import calculations, jobs, whatif
from provider_stub.usecases.context import Context, once
from provider_stub.usecases.contracts import Terms
from provider_stub.usecases.jobs import Job, JobError, JobKind
from provider_stub.wire import decode, encode

DEFAULT_PROJECT = "default"
"""The project of what-if usage that names none."""


@frozen
class Calculations:
    ctx: Context

    def start_calculation(
        self, *, body: schemas.StartCalculationRequest, idempotency_key: str | None = None
    ) -> schemas.CalculationStarted:
        account_id, month = body["uuid"], decode.month(body["month"])
        one_time = once(_started, "start_calculation", idempotency_key, body, account_id=account_id)
        return jobs.start_calculation(self.ctx, account_id, month, body.get("includeUsage", True), one_time)

    def get_progress(self, *, uuid: str | None = None, month: str | None = None) -> schemas.ProgressReport:
        found = jobs.get_progress(self.ctx, uuid, decode.optional_month(month, "/query/month"))
        return {"header": encode.success(), "progressStatusList": [_progress(job) for job in found]}

    def delete_calculated_resources(self, *, month: str, uuid: str) -> schemas.Acknowledgement:
        calculations.delete_calculated_resources(self.ctx, uuid, decode.month(month, "/query/month"))
        return encode.acknowledgement()

    def calculate(self, *, body: schemas.CalculateRequest) -> schemas.CalculateResponse:
        found = whatif.what_if(self.ctx, _assumptions(body))
        return {
            "header": encode.success(),
            "statement": encode.statement(found.statement),
            "totalCreditAmt": found.credit_left,
        }

    def start_batch(
        self, *, body: schemas.StartBatchRequest, idempotency_key: str | None = None
    ) -> schemas.BatchResponse:
        return jobs.start_batch(
            self.ctx,
            JobKind(body["batchJobCode"]),
            decode.day(body["date"], "/date"),
            body.get("region"),
            body.get("async", True),
            once(_batch, "start_batch", idempotency_key, body),
        )

    def get_batch(self, *, batch_id: str) -> schemas.BatchResponse:
        return _batch(jobs.get_batch(self.ctx, batch_id))


def _started(job_id: str) -> schemas.CalculationStarted:
    return {"header": encode.success(), "calculationId": job_id}


def _progress(job: Job) -> schemas.ProgressStatus:
    shown: schemas.ProgressStatus = {
        "progressCode": "API_CALCULATE_USAGE_AND_PRICE",
        "progress": job.progress,
        "maxProgress": job.max_progress,
        "status": encode.code(job.status),
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
        "batchJobCode": encode.code(job.kind),
        "date": (job.on or job.month.first_day).isoformat(),
        "status": encode.code(job.status),
        "progress": job.progress,
        "maxProgress": job.max_progress,
        "startedAt": encode.instant_text(job.started_at),
    }
    if job.region is not None:
        shown["region"] = encode.code(job.region)
    if job.finished_at is not None:
        shown["finishedAt"] = encode.instant_text(job.finished_at)
    if job.errors:
        shown["errors"] = _errors(job.errors)
    return {"header": encode.success(), "batch": shown}


def _errors(errors: Sequence[JobError]) -> list[schemas.FieldError]:
    return [{"pointer": error.pointer, "detail": error.detail} for error in errors]


def _assumptions(body: schemas.CalculateRequest) -> whatif.Assumptions:
    month = decode.optional_month(body.get("month"))
    return whatif.Assumptions(
        region=body["region"],
        usage=[decode.usage(one, DEFAULT_PROJECT) for one in body["usage"]],
        month=month,
        prices=[
            whatif.ListPrice(one["counterName"], one["unit"], Decimal(one["price"])) for one in body.get("prices", ())
        ],
        contract=_terms(body["contract"], body["region"]) if "contract" in body else None,
        adjustments=[
            decode.assumed_adjustment(index, one, month_from=month, project=DEFAULT_PROJECT, group=whatif.WHAT_IF)
            for index, one in enumerate(body.get("adjustments", ()))
        ],
        credits=[_credit(index, one) for index, one in enumerate(body.get("credits", ()))],
        unpaid=[
            (decode.month(one["month"], f"/unpaid/{index}/month"), int(one["amount"]), int(one.get("lateFee", 0)))
            for index, one in enumerate(body.get("unpaid", ()))
        ],
        overdue=body.get("overdue", False),
    )


def _terms(given: schemas.ContractInput, region: str) -> Terms:
    return Terms(
        whatif.WHAT_IF,
        decode.contract_type(given.get("contractType")),
        whatif.currency_of(region),
        int(given.get("baseFee", 0)),
        decode.number(given.get("discountRate", 0), "/contract/discountRate"),
        agreed_prices(given.get("prices", ())),
    )


def _credit(index: int, one: schemas.CreditInput) -> whatif.AssumedCredit:
    return whatif.AssumedCredit(
        int(one["credit"]),
        decode.credit_type(one["balancePriceTypeCode"]),
        tuple(one.get("counterNames", ())),
        decode.optional_day(one.get("expirationDateFrom"), f"/credits/{index}/expirationDateFrom"),
        decode.optional_day(one.get("expirationDateTo"), f"/credits/{index}/expirationDateTo"),
    )
