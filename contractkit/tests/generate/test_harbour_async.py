"""The asynchronous client says and does the same as the other one."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from decimal import Decimal
from uuid import UUID

import pytest
from harbour_client import AsyncHarbourClient, ConflictError, File, NotFoundError, Resilience
from harbour_client.api.crew import list_ranks
from harbour_client.api.ships import get_ship, remove_ship
from harbour_client.models import Address, Level, Point, Problem, Ship, ShipClass
from harbour_client.types import UnknownVariant

from contractkit.tests.generate.harbour_server import TOKEN

Run = Callable[[Callable[[AsyncHarbourClient], Awaitable[None]]], None]


@pytest.fixture
def run(harbour: str) -> Run:
    """Runs a coroutine with a client."""

    async def main(use: Callable[[AsyncHarbourClient], Awaitable[None]]) -> None:
        async with AsyncHarbourClient(harbour, TOKEN, resilience=Resilience.off()) as client:
            await use(client)

    return lambda use: asyncio.run(main(use))


def test_calls_give_values_and_raise_errors_by_class(run: Run) -> None:
    async def use(client: AsyncHarbourClient) -> None:
        sent = Ship(name="Async", class_=ShipClass("ferry"), draught=Decimal("1.10"))
        got = await client.ships.add_ship(body=sent)
        assert (got.name, got.draught) == ("Async", Decimal("1.10"))
        with pytest.raises(ConflictError):
            await client.ships.add_ship(body=sent)
        with pytest.raises(NotFoundError) as gone:
            await client.ships.remove_ship(ship_id="nobody")
        assert gone.value.problem is None
        assert (await client.ships.get_ship(ship_id="nautilus")).class_ == "submarine"
        await client.ships.put_photo(ship_id="s3", body=b"\x00\xff")
        assert await client.ships.get_photo(ship_id="s3") == b"\x00\xff"
        got_route = await client.default.plan_route(ports=["a"], legs=[1], hold=["b"], point=Point(x=1, y=2))
        assert got_route["point"] == {"x": 1, "y": 2}

    run(use)


def test_pages_are_followed_to_the_end_and_calls_run_side_by_side(run: Run) -> None:
    async def use(client: AsyncHarbourClient) -> None:
        assert len([each async for each in client.ships.iter_ships(page_size=3)]) >= 7
        assert len([each async for each in client.cargo.iter_cargo(limit=7)]) == 25
        assert [each.name async for each in client.crew.iter_crew()] == ["Ann", "Bo", "Cid", "Dee", "Eve"]
        assert [each.no async for each in client.crew.iter_voyages()] == [1, 2, 3]
        assert len([each async for each in client.crew.iter_ranks()]) == 5
        names = await asyncio.gather(*(client.ships.get_ship(ship_id=f"s{number}") for number in range(1, 7)))
        assert [each.name for each in names] == [f"Ship {number}" for number in range(6)]

    run(use)


def test_streams_and_uploads_work_as_they_do_without_async(run: Run) -> None:
    async def use(client: AsyncHarbourClient) -> None:
        async with await client.tides.watch_tides() as stream:
            found = [each async for each in stream]
        assert isinstance(found[0], Level)
        assert isinstance(found[-1], UnknownVariant)
        async with await client.tides.read_tide_log() as log:
            assert len([each async for each in log]) == 3
        from harbour_client.models import HandInPapersRequestForm

        body = HandInPapersRequestForm(bill=File(b"pdf"), consignee=Address(city="Oslo"), dated=dt.date(2026, 1, 1))
        got = await client.cargo.hand_in_papers(cargo_id=UUID(int=1), body=body)
        assert (got.bill.size, got.annexes, got.dated) == (3, [], dt.date(2026, 1, 1))

    run(use)


def test_low_level_functions_give_every_documented_answer_as_a_value(harbour: str) -> None:
    from harbour_client import HarbourClient

    with HarbourClient(harbour, TOKEN, resilience=Resilience.off()) as client:
        assert isinstance(get_ship.sync("s1", client=client.low_level), Ship)
        missing = get_ship.sync("nobody", client=client.low_level)
        assert isinstance(missing, Problem)
        assert missing.status == 404
        detailed = remove_ship.sync_detailed("nobody", client=client.low_level)
        assert (detailed.status_code, detailed.parsed, detailed.content) == (404, None, b"")
        assert list_ranks.sync(client=client.low_level) == [1, 2, 10, -1, 99]


def test_low_level_functions_work_asynchronously(run: Run) -> None:
    async def use(client: AsyncHarbourClient) -> None:
        assert isinstance(await get_ship.asyncio("s1", client=client.low_level), Ship)
        detailed = await get_ship.asyncio_detailed("nobody", client=client.low_level)
        assert detailed.status_code == 404

    run(use)
