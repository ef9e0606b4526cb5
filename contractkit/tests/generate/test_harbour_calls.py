"""Calls by generated managers, against a server that checks what it gets and gives: values, errors, nulls, pages."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import pytest
from harbour_client import (
    ClientError,
    ConflictError,
    HarbourClient,
    NotFoundError,
    RedirectionError,
    Resilience,
    ServiceUnavailableError,
    UnauthorizedError,
    UnexpectedResponse,
    UnprocessableError,
)
from harbour_client.api.ships import add_ship, get_photo, put_photo, update_ship
from harbour_client.models import (
    Address,
    Box,
    Bulk,
    Everything,
    ListCargoWeight,
    Order,
    Rank,
    Ship,
    ShipClass,
    ShipPatch,
    Ticket,
)
from harbour_client.types import UNSET

from contractkit.tests.generate.harbour_server import TOKEN

UTC = dt.UTC
ONCE = Resilience.off()


@pytest.fixture(scope="module")
def client(harbour: str) -> Iterator[HarbourClient]:
    with HarbourClient(harbour, TOKEN, resilience=ONCE) as client:
        yield client


def ship(name: str, **more: object) -> Ship:
    return Ship(name=name, class_=ShipClass("cargo"), draught=Decimal("8.250"), **more)  # type: ignore[arg-type]  # any member


# ships: exact values, read and write only members, errors, several successes


def test_a_ship_keeps_its_exact_values_and_what_it_may_not_send_or_read(client: HarbourClient) -> None:
    sent = ship("Aurora", built=dt.date(2020, 2, 29), access_code="s3cret", from_="Oslo", berth=None, labels={"a": "b"},
                home=Address(city="Bergen"))  # fmt: skip
    sent.id = "mine"  # read only: not sent
    got = client.ships.add_ship(body=sent, idempotency_key="key-000001")
    assert got.id is not None
    assert got.id.startswith("s")
    assert (got.name, got.class_, got.draught) == ("Aurora", "cargo", Decimal("8.250"))
    assert str(got.draught) == "8.250"
    assert got.arrived == dt.datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=UTC)
    assert (got.built, got.from_, got.home) == (dt.date(2020, 2, 29), "Oslo", Address(city="Bergen"))
    assert got.berth is None
    assert got.labels == {"a": "b", "key": "key-000001", "code": "s3cret"}
    assert client.ships.get_ship(ship_id=got.id).berth is None
    again = client.ships.add_ship(body=ship("Aurora"), idempotency_key="key-000001")
    assert again.id == got.id


def test_a_key_is_made_up_where_none_is_given(client: HarbourClient) -> None:
    got = client.ships.add_ship(body=ship("Borealis"))
    assert got.labels is not None
    assert UUID(got.labels["key"])


def test_errors_come_by_class_with_their_problem(client: HarbourClient) -> None:
    with pytest.raises(ConflictError, match=r"^addShip: 409 Conflict: Ship 1 is here already$"):
        client.ships.add_ship(body=ship("Ship 1"))
    with pytest.raises(UnprocessableError) as ghost:
        client.ships.add_ship(body=ship("Flying Dutchman"))
    assert ghost.value.pointers == ("/name", "/class")
    assert ghost.value.problem is not None
    assert ghost.value.problem.status == 422
    assert ghost.value.problem.errors is not None
    assert ghost.value.problem.errors[0].detail == "is a ghost"
    with pytest.raises(NotFoundError) as unknown:
        client.ships.get_ship(ship_id="a/b?c#d%2F é")
    assert unknown.value.detail == "there is no ship a/b?c#d%2F é"
    with pytest.raises(NotFoundError) as default:
        client.ships.list_ships(page=101)
    assert default.value.problem is not None


def test_an_error_without_a_body_and_a_redirection_have_no_problem(client: HarbourClient) -> None:
    with pytest.raises(NotFoundError) as gone:
        client.ships.remove_ship(ship_id="nobody")
    assert gone.value.problem is None
    assert gone.value.title == "Not Found"
    with pytest.raises(RedirectionError) as known:
        client.ships.get_ship(ship_id="s1", if_none_match='"s1"')
    assert known.value.status_code == 304
    with pytest.raises(ClientError) as tea:
        client.import_.appraise(body=Everything(whole=418))
    assert tea.value.status_code == 418
    with pytest.raises(ServiceUnavailableError):
        client.tides.watch_tides(count=0)


def test_a_token_that_nobody_knows_is_an_error_of_its_own(harbour: str) -> None:
    with HarbourClient(harbour, "stowaway", resilience=ONCE) as stranger:
        with pytest.raises(UnexpectedResponse) as refused:  # 401 is not documented here
            stranger.ships.get_ship(ship_id="s1")
        assert refused.value.status_code == 401
        with pytest.raises(UnauthorizedError):
            stranger.ships.list_ships()
        assert stranger.crew.list_ranks()[0] == 1  # open to everybody


@pytest.mark.parametrize("status", ["200", "404", "520"])
def test_the_page_of_a_proxy_is_an_unexpected_response(harbour: str, status: str) -> None:
    headers = {"X-Proxy-Status": status}
    with (
        HarbourClient(f"{harbour}/proxy", TOKEN, resilience=ONCE, headers=headers) as client,
        pytest.raises(UnexpectedResponse) as found,
    ):
        client.ships.get_ship(ship_id="s1")
    assert found.value.status_code == int(status)
    assert found.value.content == b"<h1>proxy</h1>"


def test_a_removed_ship_is_none_and_two_successes_are_two_types(client: HarbourClient) -> None:
    added = client.ships.add_ship(body=ship("Short Stay"))
    assert added.id is not None
    replaced = client.ships.replace_ship(ship_id=added.id, body=ship("Longer Stay"))
    assert isinstance(replaced, Ship)
    assert replaced.name == "Longer Stay"
    body = Ship(name="X", class_=ShipClass("yacht"), draught=Decimal(1))
    assert client.ships.replace_ship(ship_id=added.id, body=body) == Ticket(ticket=UUID(int=0x40008000000000000001))
    client.ships.remove_ship(ship_id=added.id)
    with pytest.raises(NotFoundError):
        client.ships.get_ship(ship_id=added.id)


def test_an_unknown_class_of_ships_is_kept(client: HarbourClient) -> None:
    nautilus = client.ships.get_ship(ship_id="nautilus")
    assert isinstance(nautilus.class_, ShipClass)
    assert nautilus.class_ == "submarine"
    assert not nautilus.class_.is_known
    assert ShipClass("2-master").is_known
    ranks = client.crew.list_ranks()
    assert [(int(rank), rank.is_known) for rank in ranks][-2:] == [(-1, True), (99, False)]
    assert isinstance(ranks[0], Rank)


def test_the_document_says_over_the_method_what_may_be_tried_again() -> None:
    operations = [each.OPERATION for each in (add_ship, get_photo, put_photo, update_ship)]
    assert [each.idempotent for each in operations] == [True, True, False, True]


# null in every place


def test_null_and_left_out_are_two_things_in_every_shape(client: HarbourClient) -> None:
    members = [
        "required", "name", "berth", "home", "class", "beside", "pennant", "ranks", "notes", "cargo", "seen", "owner",
        "never",
    ]  # fmt: skip
    nulls = ShipPatch.from_dict(dict.fromkeys(members))
    got = client.ships.update_ship(ship_id="s1", body=nulls)
    assert got == nulls
    assert got.to_dict() == dict.fromkeys(members)
    empty = client.ships.update_ship(ship_id="s1", body=ShipPatch(required=None))
    assert empty.to_dict() == {"required": None}
    assert (empty.name, empty.home, empty.class_, empty.owner, empty.cargo) == (UNSET,) * 5


def test_values_in_the_places_of_null_come_back_as_their_types(client: HarbourClient) -> None:
    when = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    patch = ShipPatch(required="r", name="n", berth=1, home=Address(city="c"), class_=ShipClass("ferry"),
                      beside=Address(city="d", street="s"), ranks=[1, None], notes={"a": None, "b": "c"},
                      cargo=Bulk.from_dict(BULK), seen=when, owner=Address(city="o"))  # fmt: skip
    got = client.ships.update_ship(ship_id="s1", body=patch)
    assert got == patch
    assert got.seen is not None
    assert got.to_dict()["seen"] == "2026-01-02T03:04:05+09:00"
    with pytest.raises(ValueError, match=r"zone|aware|naive|offset"):
        client.ships.update_ship(ship_id="s1", body=ShipPatch(required="r", seen=dt.datetime(2026, 1, 1)))  # noqa: DTZ001  # naive on purpose


BULK = {"kind": "bulk", "weight": 3, "material": "ore"}


# pages to the end


def test_pages_by_number_offset_cursor_and_token_are_followed_to_the_end(client: HarbourClient) -> None:
    names = [each.name for each in client.ships.iter_ships(page_size=3)]
    assert names[:7] == [f"Ship {number}" for number in range(7)]
    assert len(names) == len(set(names)) == client.ships.list_ships().total_items
    weights = [each.weight for each in client.cargo.iter_cargo(limit=7) if isinstance(each, Box)]
    assert weights == list(range(1, 26))
    assert [each.name for each in client.crew.iter_crew()] == ["Ann", "Bo", "Cid", "Dee", "Eve"]
    assert [each.no for each in client.crew.iter_voyages()] == [1, 2, 3]
    assert list(client.crew.iter_ranks()) == [1, 2, 10, -1, 99]
    assert list(client.import_.iter_read_ledger()) == ["1a", "1b", "2a"]


def test_a_filter_goes_with_every_page(client: HarbourClient) -> None:
    found = client.cargo.iter_cargo(limit=2, weight=ListCargoWeight(min=20, max=24))
    assert [each.to_dict()["weight"] for each in found] == [20, 21, 22, 23, 24]


def test_query_parameters_arrive_as_they_are(client: HarbourClient) -> None:
    moment = dt.datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    page = client.ships.list_ships(class_=ShipClass("cargo"), flag=["a&b", "ü+ %"], from_=moment, page_size=1)
    assert page.ships[0].labels is not None
    assert page.ships[0].labels["flag"] == '["a&b", "\\u00fc+ %"]'
    assert dt.datetime.fromisoformat(page.ships[0].labels["from"]) == moment
    names = {client.ships.list_ships(order=order).ships[0].name for order in (Order.ASC, Order.ASC2)}
    assert len(names) == 2
