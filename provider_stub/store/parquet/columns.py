"""The columns of a file of events: which there have to be, of which type, and what makes a value wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

from provider_stub.engine.metering import VOLUME_PLACES
from provider_stub.store.protocol.events import UnreadableEventsError

_TEXT: Final = "VARCHAR"
_INSTANT: Final = "TIMESTAMP WITH TIME ZONE"
_WHOLE: Final = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),(\d+)\)")

_WHOLE_DIGITS: Final = 15
VOLUME: Final = f"DECIMAL({_WHOLE_DIGITS + 1 + VOLUME_PLACES},{VOLUME_PLACES})"

REQUIRED: Final = ("meter_id", "app_key", "counter_name", "counter_type", "counter_unit", "counter_volume", "timestamp")
OPTIONAL: Final = ("resource_id", "resource_name", "parent_resource_id", "source")

# What the contract's schemas demand of these: what goes in here has to come out there.
_IDENTIFIER: Final = (
    "'[A-Za-z0-9][A-Za-z0-9._-]{0,63}'",
    "is not an identifier of at most 64 letters, digits and . _ -",
)
_LABEL: Final = (r"'[^\x00-\x1F\x7F-\x{9F}]{0,200}'", "is longer than 200 characters, or has control characters")
_RESOURCE: Final = ("'[!-~]{0,128}'", "is longer than 128 characters, or has spaces or others than ASCII")
_PATTERNS: Final = {
    "meter_id": _IDENTIFIER,
    "resource_id": _RESOURCE,
    "parent_resource_id": _RESOURCE,
    "resource_name": _LABEL,
    "source": _LABEL,
}


@frozen
class Check:
    """A condition in SQL that holds for the wrong rows."""

    column: str
    problem: str
    wrong: str


def check_schema(types: Mapping[str, str], account_id: str | None) -> None:
    """Raises UnreadableEventsError for columns that are missing, unknown, or of a type that cannot be exact."""
    known = (*REQUIRED, *OPTIONAL, *(() if account_id else ("account_id",)))
    required = REQUIRED if account_id else (*REQUIRED, "account_id")
    if missing := [name for name in required if name not in types]:
        raise UnreadableEventsError(f"columns are missing: {', '.join(missing)}")
    if unknown := [name for name in types if name not in known]:
        raise UnreadableEventsError(f"columns are not known: {', '.join(unknown)}; known are {', '.join(known)}")
    for name, kind in types.items():
        if name == "counter_volume":
            if not (kind == _TEXT or _WHOLE.fullmatch(kind) or _DECIMAL.fullmatch(kind)):
                raise UnreadableEventsError(f"{name} has to be a decimal, a whole number or text, not {kind}")
        elif kind != (expected := _INSTANT if name == "timestamp" else _TEXT):
            raise UnreadableEventsError(f"{name} has to be {expected}, not {kind}")


def checks(types: Mapping[str, str]) -> Iterator[Check]:
    """What can be said of a row by itself."""
    # Such an instant has no microseconds, so that no comparison of them would find it.
    yield Check("timestamp", "is infinite", 'NOT isfinite("timestamp")')
    for name in types:
        if name not in OPTIONAL:
            yield Check(name, "is empty", f"{name} IS NULL")
        if name in _PATTERNS:
            pattern, problem = _PATTERNS[name]
            yield Check(name, problem, f"NOT regexp_full_match({name}, {pattern})")
    if wrong := _wrong_volume(types["counter_volume"]):
        problem = (
            f"is not a number from 0 with at most {_WHOLE_DIGITS} digits before the point and {VOLUME_PLACES} behind"
        )
        yield Check("counter_volume", problem, wrong)


def _wrong_volume(kind: str) -> str:
    least = "counter_volume < 0"
    limit = f"counter_volume >= {10**_WHOLE_DIGITS}"
    if kind == _TEXT:
        number = rf"'(0|[1-9][0-9]{{0,{_WHOLE_DIGITS - 1}}})(\.[0-9]{{1,{VOLUME_PLACES}}})?'"
        return f"NOT regexp_full_match(counter_volume, {number})"
    if (decimal := _DECIMAL.fullmatch(kind)) is None:
        return f"{least} OR {limit}"
    width, places = map(int, decimal.groups())
    wrong = [least]
    if width - places > _WHOLE_DIGITS:
        wrong.append(limit)
    if places > VOLUME_PLACES:
        wrong.append(f"right(counter_volume::VARCHAR, {places - VOLUME_PLACES}) <> '{'0' * (places - VOLUME_PLACES)}'")
    return " OR ".join(wrong)
