"""What is known of one request on its way through the layers; it travels in the ASGI scope."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, mutable
from starlette.datastructures import Headers
from starlette.types import Scope

from contractkit.stub.bodies import BodyReader, readers
from contractkit.stub.document import Operation
from contractkit.stub.parameters import ParameterSet
from contractkit.stub.schemas import Direction, Schemas

KEY = "contractkit.exchange"
ABSENT: Final = object()


@mutable
class Plan:
    """All that serving one operation needs; readers are compiled when they are first asked for.

    The largest public documents have hundreds of operations, of which a run asks a few.
    """

    operation: Operation
    schemas: Schemas
    security_names: tuple[str, ...]
    _parameters: ParameterSet | None = None
    _bodies: Mapping[str, BodyReader] | None = None

    @property
    def parameters(self) -> ParameterSet:
        if self._parameters is None:
            self._parameters = ParameterSet.build(self.operation, self.schemas, self.security_names)
        return self._parameters

    @property
    def bodies(self) -> Mapping[str, BodyReader]:
        """The readers of the request body by media type."""
        if self._bodies is None:
            self._bodies = {reader.media.name: reader for reader in readers(self.operation, self.schemas)}
        return self._bodies

    def body_reader(self, media_type: str) -> BodyReader | None:
        """The reader of a media type, or of a range that includes it."""
        main = media_type.partition("/")[0]
        return self.bodies.get(media_type) or self.bodies.get(f"{main}/*") or self.bodies.get("*/*")

    def compile(self) -> None:
        """Compiles what is compiled on first use otherwise, so that a fault of the document shows at the start."""
        _ = self.parameters, self.bodies
        for reply in self.operation.replies.values():
            for media in reply.content:
                self.schemas.check(media.schema, Direction.RESPONSE)


@mutable
class Exchange:
    """One request: the operation it is for, and what its layers have read of it so far."""

    plan: Plan
    path: Mapping[str, str]
    headers: Headers
    request_id: str
    instance: str
    arguments: dict[str, object] = field(factory=dict)
    body: object = ABSENT


def of(scope: Scope | Mapping[str, Any]) -> Exchange:
    """The exchange that a scope belongs to."""
    found: Exchange = scope[KEY]
    return found
