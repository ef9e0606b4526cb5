"""Handlers of the tag adjustments."""

from __future__ import annotations

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases import adjustments
from provider_stub.usecases.adjustments import Level
from provider_stub.usecases.context import Context, once, window
from provider_stub.wire import decode, encode


@frozen
class Adjustments:
    ctx: Context

    def create_project_adjustments(
        self, *, body: schemas.CreateProjectAdjustmentRequest, idempotency_key: str | None = None
    ) -> schemas.AdjustmentList:
        one_time = once(encode.adjustment_reply, "create_project_adjustments", idempotency_key, body)
        return adjustments.create_adjustment(self.ctx, decode.project_adjustment(body), one_time)

    def list_project_adjustments(
        self, *, project_id: str, page: int = 1, items_per_page: int = 20
    ) -> schemas.AdjustmentList:
        return self._list(Level.PROJECT, project_id, page, items_per_page)

    def delete_project_adjustments(self, *, adjustment_ids: list[str]) -> schemas.AdjustmentList:
        return self._delete(Level.PROJECT, adjustment_ids)

    def create_billing_group_adjustments(
        self, *, body: schemas.CreateBillingGroupAdjustmentRequest, idempotency_key: str | None = None
    ) -> schemas.AdjustmentList:
        one_time = once(encode.adjustment_reply, "create_billing_group_adjustments", idempotency_key, body)
        return adjustments.create_adjustment(self.ctx, decode.billing_group_adjustment(body), one_time)

    def list_billing_group_adjustments(
        self, *, billing_group_id: str, page: int = 1, items_per_page: int = 20
    ) -> schemas.AdjustmentList:
        return self._list(Level.BILLING_GROUP, billing_group_id, page, items_per_page)

    def delete_billing_group_adjustments(self, *, adjustment_ids: list[str]) -> schemas.AdjustmentList:
        return self._delete(Level.BILLING_GROUP, adjustment_ids)

    def _list(self, level: Level, target_id: str, page: int, items_per_page: int) -> schemas.AdjustmentList:
        found = adjustments.list_adjustments(self.ctx, level, target_id, window(page, items_per_page))
        return encode.adjustment_list(found.items, found.total)

    def _delete(self, level: Level, adjustment_ids: list[str]) -> schemas.AdjustmentList:
        deleted = adjustments.delete_adjustments(self.ctx, level, adjustment_ids)
        return encode.adjustment_list(deleted, len(deleted))
