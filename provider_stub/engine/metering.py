"""Metering: readings of counters, and what a month's readings amount to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from attrs import frozen

MAX_VOLUME: Final = 10**15
VOLUME_PLACES: Final = 12
"""A volume has at most this many decimal places and is at most MAX_VOLUME in its own unit."""


class CounterType(StrEnum):
    """How the readings of a counter add up over a month (billing rules, Metering)."""

    DELTA = "DELTA"
    GAUGE = "GAUGE"
    CUMULATIVE = "CUMULATIVE"


@frozen
class Meter:
    """One reading. `timestamp` carries an offset; `meter_id` is the sender's id or one given on arrival."""

    meter_id: str
    project_id: str
    app_key: str
    counter_name: str
    counter_type: CounterType
    counter_unit: str
    counter_volume: Decimal
    timestamp: datetime
    resource_id: str = ""
    resource_name: str = ""
    parent_resource_id: str = ""
    source: str = ""


@frozen
class Usage:
    """What a project used of a counter in one month, in any unit of the counter's dimension."""

    project_id: str
    counter_name: str
    unit: str
    quantity: Decimal
