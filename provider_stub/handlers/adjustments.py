"""Handlers of the tag adjustments."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from provider_stub import wire
from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.money import decimal_of
from provider_stub.engine.period import Month
from provider_stub.generated import schemas
from provider_stub.usecases import adjustments
from provider_stub.usecases.context import Context, once, window

_Request = schemas.CreateProjectAdjustmentRequest | schemas.CreateBillingGroupAdjustmentRequest


@frozen
class Adjustments:
    ctx: Context

    def create_project_adjustments(
        self, *, body: schemas.CreateProjectAdjustmentRequest, idempotency_key: str | None = None
    ) -> schemas.AdjustmentList:
        wanted = _adjustment(body, Level.PROJECT, body["projectId"])
        one_time = once(_created, "create_project_adjustments", idempotency_key, body)
        return adjustments.create_adjustment(self.ctx, wanted, one_time)

    def list_project_adjustments(
        self, *, project_id: str, page: int = 1, items_per_page: int = 20
    ) -> schemas.AdjustmentList:
        return self._list(Level.PROJECT, project_id, page, items_per_page)

    def delete_project_adjustments(self, *, adjustment_ids: list[str]) -> schemas.AdjustmentList:
        return self._delete(Level.PROJECT, adjustment_ids)

    def create_billing_group_adjustments(
        self, *, body: schemas.CreateBillingGroupAdjustmentRequest, idempotency_key: str | None = None
    ) -> schemas.AdjustmentList:
        wanted = _adjustment(body, Level.BILLING_GROUP, body["billingGroupId"])
        one_time = once(_created, "create_billing_group_adjustments", idempotency_key, body)
        return adjustments.create_adjustment(self.ctx, wanted, one_time)

    def list_billing_group_adjustments(
        self, *, billing_group_id: str, page: int = 1, items_per_page: int = 20
    ) -> schemas.AdjustmentList:
        return self._list(Level.BILLING_GROUP, billing_group_id, page, items_per_page)

    def delete_billing_group_adjustments(self, *, adjustment_ids: list[str]) -> schemas.AdjustmentList:
        return self._delete(Level.BILLING_GROUP, adjustment_ids)

    def _list(self, level: Level, target_id: str, page: int, items_per_page: int) -> schemas.AdjustmentList:
        found = adjustments.list_adjustments(self.ctx, level, target_id, window(page, items_per_page))
        return _reply(found.items, found.total)

    def _delete(self, level: Level, adjustment_ids: list[str]) -> schemas.AdjustmentList:
        deleted = adjustments.delete_adjustments(self.ctx, level, adjustment_ids)
        return _reply(deleted, len(deleted))


def _adjustment(body: _Request, level: Level, target_id: str) -> Adjustment:
    return Adjustment(
        "",
        level,
        target_id,
        AdjustmentType(body["adjustmentTypeCode"]),
        decimal_of(body["adjustment"], "/adjustment"),
        Month.parse(body["monthFrom"], "/monthFrom"),
        Month.parse(body["monthTo"], "/monthTo") if "monthTo" in body else None,
        wire.descriptions(body.get("descriptions", ())),
    )


def _created(adjustment: Adjustment) -> schemas.AdjustmentList:
    return _reply([adjustment], 1)


def _reply(found: Sequence[Adjustment], total: int) -> schemas.AdjustmentList:
    return {"header": wire.success(), "adjustments": [wire.adjustment(one) for one in found], "totalItems": total}
