"""Handlers of the tag health."""

from __future__ import annotations

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases.context import Context
from provider_stub.wire import encode


@frozen
class Health:
    """`version` is the version of the contract that is served."""

    ctx: Context
    version: str

    def get_health(self) -> schemas.Health:
        return self.get_health_ready()

    async def get_health_live(self) -> schemas.Health:
        return self._up()

    def get_health_ready(self) -> schemas.Health:
        self.ctx.store.check()
        return self._up()

    def _up(self) -> schemas.Health:
        return {"header": encode.success(), "status": "UP", "version": self.version}
