"""A program that uses the client of the harbour, and says which type each thing has; it is checked, never run.

What may be null says so, and no success is a union with errors.
"""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any, assert_type
from uuid import UUID

from harbour_client import AsyncHarbourClient, CallEvent, HarbourClient, Hooks, NotFoundError, RateLimitedError
from harbour_client.api.ships import get_ship
from harbour_client.models import (
    Address,
    Beast,
    Box,
    Bulk,
    Everything,
    EverythingTag,
    Level,
    Note,
    NoteReceipt,
    Order,
    Problem,
    Rank,
    Receipt,
    Sailor,
    Ship,
    ShipClass,
    ShipPage,
    ShipPatch,
    Storm,
    Ticket,
    TideTable,
    Voyage,
)
from harbour_client.streams import AsyncEventStream, EventStream
from harbour_client.types import UnknownVariant, Unset


def calls(client: HarbourClient) -> None:
    assert_type(client.ships.list_ships(page=2, order=Order("asc")), ShipPage)
    assert_type(client.ships.get_ship(ship_id="s1"), Ship)
    assert_type(
        client.ships.replace_ship(ship_id="s1", body=Ship(name="", class_=ShipClass.FERRY, draught=Decimal(1))),
        Ship | Ticket,
    )
    client.ships.remove_ship(ship_id="s1")
    assert_type(client.ships.get_photo(ship_id="s1"), bytes)
    assert_type(client.ships.put_photo(ship_id="s1", body=b""), Receipt)
    assert_type(client.cargo.load_cargo(body=Beast(kind="living", weight=1)), Box | Bulk | Beast | UnknownVariant)
    assert_type(client.cargo.add_note(body=Note(text="")), NoteReceipt)
    assert_type(client.cargo.add_note(body="text"), NoteReceipt)
    assert_type(client.cargo.add_note(body=b"bytes"), NoteReceipt)
    assert_type(client.tides.get_tides(day=dt.date(2026, 1, 1)), TideTable | str)
    assert_type(client.tides.get_tide_table(), str)
    assert_type(client.crew.list_ranks(), list[Rank])
    assert_type(client.import_.get_stamp(), str)
    assert_type(client.import_.declare(self_="", client_="", deadline_=1, deadline=2.5), dict[str, Any])


def pages(client: HarbourClient) -> None:
    assert_type(client.ships.iter_ships(class_=ShipClass.VALUE_2_MASTER), Iterator[Ship])
    assert_type(client.cargo.iter_cargo(), Iterator[Box | Bulk | Beast | UnknownVariant])
    assert_type(client.crew.iter_crew(limit=2), Iterator[Sailor])
    assert_type(client.crew.iter_voyages(), Iterator[Voyage])
    assert_type(client.crew.iter_ranks(), Iterator[Rank])


def streams(client: HarbourClient) -> None:
    assert_type(client.tides.watch_tides(), EventStream[Level | Storm | UnknownVariant])
    with client.tides.read_tide_log() as log:
        for level in log:
            assert_type(level, Level)


def members(ship: Ship, patch: ShipPatch, everything: Everything, sailor: Sailor) -> None:
    assert_type(ship.id, str | None)
    assert_type(ship.name, str)
    assert_type(ship.class_, ShipClass)
    assert_type(ship.draught, Decimal)
    assert_type(ship.built, dt.date | None)
    assert_type(ship.berth, int | None | Unset)
    assert_type(ship.labels, dict[str, str] | None)
    assert_type(ship.home, Address | None | Unset)
    assert_type(patch.required, str | None)
    assert_type(patch.beside, Address | None | Unset)
    assert_type(patch.ranks, list[int | None] | None | Unset)
    assert_type(patch.cargo, Box | Bulk | UnknownVariant | None | Unset)
    assert_type(everything.tag, EverythingTag)
    assert_type(everything.price, Decimal | None)
    assert_type(everything.when, dt.datetime | None)
    assert_type(everything.key, UUID | None)
    assert_type(everything.blob, bytes | None)
    assert_type(everything.days, dict[str, dt.date] | None)
    assert_type(everything.mixed, int | str | list[float] | None)
    assert_type(everything.additional_properties, dict[str, int])
    assert_type(sailor.below, list[Sailor] | None)


def errors(client: HarbourClient) -> None:
    try:
        client.ships.get_ship(ship_id="s1")
    except NotFoundError as error:
        assert_type(error.problem, Problem | None)
        assert_type(error.pointers, tuple[str, ...])
    except RateLimitedError as error:
        assert_type(error.retry_after, float | None)


def misspelt() -> None:
    """The names are loaded late, and a wrong one is an error all the same: else the comments would be superfluous."""
    from harbour_client import HarborClient  # type: ignore[attr-defined]  # noqa: F401  # there is none
    from harbour_client.models import Shipp  # type: ignore[attr-defined]  # noqa: F401  # there is none


def hooks(events: list[CallEvent]) -> None:
    assert_type(HarbourClient("https://harbour.test", hooks=Hooks(after=[events.append])), HarbourClient)


def low_level(client: HarbourClient) -> None:
    assert_type(get_ship.sync("s1", client=client.low_level), Ship | Problem | None)


async def asynchronous(client: AsyncHarbourClient) -> None:
    assert_type(await client.ships.get_ship(ship_id="s1"), Ship)
    assert_type(client.ships.iter_ships(), AsyncIterator[Ship])
    stream = await client.tides.watch_tides()
    assert_type(stream, AsyncEventStream[Level | Storm | UnknownVariant])
    async for event in stream:
        assert_type(event, Level | Storm | UnknownVariant)
