"""A client without a server: every operation is answered from the examples of the API's contract.

    transport = ExampleTransport()
    transport.reply("getItem", status=404)
    ...
    assert transport.requests[0].operation == "getItem"

The transport goes where a client takes `transport=`, sync or async.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .transport import ExampleError, ExampleTransport, SentRequest

__all__ = ["ExampleError", "ExampleTransport", "SentRequest"]


def __getattr__(name: str) -> Any:
    """Loads the transport on first use, because pytest imports this package with the plugin, at every start."""
    if name in __all__:
        return getattr(import_module(".transport", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
