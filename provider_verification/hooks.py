"""Schemathesis hooks for the billing provider."""

import re
from typing import Any
from uuid import uuid4

import schemathesis

KEY = "Idempotency-Key"
VALID = re.compile(r"[!-~]{1,128}")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:  # noqa: ARG001  # the signature that is called
    """In stateful tests, a key of its own for every request that has a valid one.

    Random keys repeat. A creation that repeats a key is answered as the first one was, even when what it created has
    been removed since; to a stateful test that looks like a resource that vanished.
    """
    key = (case.headers or {}).get(KEY)
    stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
    if stateful and isinstance(key, str) and VALID.fullmatch(key):
        case.headers[KEY] = uuid4().hex
