"""Handlers of the tag metering."""

from __future__ import annotations

from collections import Counter as Multiset
from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases import metering
from provider_stub.usecases.context import Context, once, window
from provider_stub.usecases.metering import Reading, Recorded, Verdict
from provider_stub.wire import decode, encode


@frozen
class Metering:
    ctx: Context

    def record_meters(
        self, *, uuid: str, body: schemas.RecordMetersRequest, idempotency_key: str | None = None
    ) -> schemas.RecordMetersResponse:
        readings = [_reading(one, f"/meterList/{index}") for index, one in enumerate(body["meterList"])]
        one_time = once(_recorded, "record_meters", idempotency_key, body, account_id=uuid)
        return metering.record_meters(self.ctx, uuid, readings, one_time)

    def list_meters(
        self,
        *,
        uuid: str,
        app_key: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        counter_name: str | None = None,
        page: int = 1,
        items_per_page: int = 20,
    ) -> schemas.MeterList:
        found = metering.list_meters(
            self.ctx,
            uuid,
            app_key=app_key,
            first_day=decode.optional_day(from_, "/query/from"),
            last_day=decode.optional_day(to, "/query/to"),
            counter_name=counter_name,
            window=window(page, items_per_page),
        )
        meters = [encode.meter(meter) for meter in found.items]
        return {"header": encode.success(), "meters": meters, "totalItems": found.total}

    def get_meter(self, *, uuid: str, meter_id: str) -> schemas.MeterResponse:
        return {"header": encode.success(), "meter": encode.meter(metering.get_meter(self.ctx, uuid, meter_id))}

    def delete_meters(self, *, app_key: str, from_: str, to: str) -> schemas.DeletedMeters:
        days = (decode.day(from_, "/query/from"), decode.day(to, "/query/to"))
        return {"header": encode.success(), "deleted": metering.delete_meters(self.ctx, app_key, *days)}


def _reading(one: schemas.MeterInput, at: str) -> Reading:
    return Reading(
        one["appKey"],
        one["counterName"],
        decode.counter_type(one["counterType"]),
        one["counterUnit"],
        Decimal(one["counterVolume"]),
        decode.instant(one["timestamp"], f"{at}/timestamp"),
        one.get("meterId"),
        one.get("resourceId", ""),
        one.get("resourceName", ""),
        one.get("parentResourceId", ""),
        one.get("source", ""),
    )


def _recorded(recorded: Sequence[Recorded]) -> schemas.RecordMetersResponse:
    times = Multiset(one.verdict for one in recorded)
    return {
        "header": encode.success(),
        "accepted": times[Verdict.ACCEPTED],
        "duplicates": times[Verdict.DUPLICATE],
        "conflicts": times[Verdict.CONFLICT],
        "rejected": times[Verdict.REJECTED],
        "results": [_result(index, one) for index, one in enumerate(recorded)],
    }


def _result(index: int, one: Recorded) -> schemas.MeterResult:
    shown: schemas.MeterResult = {"index": index, "resultCode": encode.code(one.verdict)}
    if one.meter_id is not None:
        shown["meterId"] = one.meter_id
    if one.faults:
        shown["errors"] = encode.faults(one.faults)
    return shown
