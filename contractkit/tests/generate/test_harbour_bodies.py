"""Bodies of every kind through generated managers: unions, trees, forms, files, streams; parameters in all styles."""

import datetime as dt
import hashlib
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from harbour_client import DecodeError, File, HarbourClient, Resilience
from harbour_client.models import (
    Address,
    Beast,
    Box,
    Bulk,
    Cargo,
    CrewInspection,
    Everything,
    GetTidesAcceptDatum,
    HullInspection,
    Level,
    Note,
    Point,
    Rank,
    Storm,
    TideTable,
)
from harbour_client.types import UnknownVariant

from contractkit.tests.generate.harbour_server import KEY, LEVELS, LOGIN, TOKEN

RNG = random.Random(7)  # noqa: S311  # content of files
BYTES = RNG.randbytes(70_000) + b"\r\n--boundary\r\n\x00"
CARGO = UUID("12345678-1234-4234-8234-123456789abc")


@pytest.fixture(scope="module")
def client(harbour: str) -> Iterator[HarbourClient]:
    with HarbourClient(harbour, TOKEN, resilience=Resilience.off()) as client:
        yield client


def test_cargo_is_of_the_class_that_its_tag_says(client: HarbourClient) -> None:
    inner: list[Cargo] = [
        Bulk.from_dict({"kind": "bulk", "weight": 1, "material": "ore"}),
        Beast(kind="living", weight=2),
    ]
    box = Box(weight=9, seals=["a"], inside=[Box(weight=8, inside=inner)])
    got = client.cargo.load_cargo(body=box)
    assert got == box
    assert isinstance(got, Box)
    assert got.kind == "box"
    assert client.cargo.load_cargo(body=Beast(kind="living", weight=1, name=None)).to_dict() == {
        "kind": "living", "weight": 1, "name": None,
    }  # fmt: skip


def test_cargo_of_an_unknown_kind_is_kept_as_it_came(client: HarbourClient) -> None:
    got = client.cargo.load_cargo(body=Beast(kind="living", weight=1, name="unknown"))
    assert isinstance(got, UnknownVariant)
    assert (got.tag, got.data) == ("gas", {"kind": "gas", "litres": 7})


def test_children_of_a_base_are_told_apart_by_their_tag(client: HarbourClient) -> None:
    client.crew.inspect(body=HullInspection(subject="hull", by="Ann", holes=2))
    report = client.crew.inspect(body=CrewInspection(subject="CrewInspection", by="Bo", sober=False))
    hull, crew = report.inspections[-2:]
    assert isinstance(hull, HullInspection)
    assert (hull.holes, hull.by) == (2, "Ann")
    assert isinstance(crew, CrewInspection)
    assert crew.sober is False
    assert report.last == hull


def test_trees_and_schemas_that_hold_each_other_are_read_to_the_bottom(client: HarbourClient) -> None:
    ann = client.crew.list_crew(limit=1).data[0]
    assert ann.rank == Rank(2)
    assert ann.below is not None
    assert ann.below[0].below == []
    assert ann.below[0].rank == -1
    assert ann.post is not None
    assert ann.post.held is not None
    assert ann.post.held[0].name == "Cap"
    assert ann.post.next
    assert ann.post.next.next is None
    assert next(client.crew.iter_voyages()).stages == [[Point(x=1, y=0)], []]


def test_every_format_arrives_exactly_and_comes_back(client: HarbourClient) -> None:
    sent = Everything(
        price=Decimal("0.10"), share=Decimal("0.25"), ratio=0.1, whole=2**53 + 1,
        when=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), day=dt.date(2024, 2, 29), key=CARGO, blob=b"\x00\xff",
        yes=False,
        anything={"a": [None, 1.5, {"b": "c"}]}, free={}, words={"\n": "\""}, days={"a": dt.date(2026, 1, 1)},
        mixed=[1.5], either=Point(x=1, y=2), enumish="one", level=Rank(10), with_space="s", field_9lives="9",
        a_quote="q", foo_bar="1", foo_bar2="2", additional_properties={"more": 7},
    )  # fmt: skip
    got = client.import_.appraise(body=sent)
    assert got == sent
    assert str(got.price) == "0.10"
    assert got.tag == "v1"
    assert got.whole == 2**53 + 1
    assert got.to_dict() | {"with space": "s", "9lives": "9", 'a"quote': "q", "more": 7} == got.to_dict()
    assert isinstance(client.import_.appraise(body=Everything(either=Address(city="x"))).either, Address)
    for mixed in (1, "1", [1.0]):
        assert client.import_.appraise(body=Everything(mixed=mixed)).mixed == mixed
    for member in ("self", "class", "from", "list", "dict", "id", "type", "to_dict", "codec", "@type", "fooBar"):
        value = {"list": ["a"], "dict": {"a": 1}}.get(member, member)
        assert (
            client.import_.appraise(body=Everything.from_dict({"tag": "v1", member: value})).to_dict()[member] == value
        )


@pytest.mark.parametrize("text", ["1_000", " 1", "\u0661", "NaN", "Infinity", "1e", "", "."])
def test_a_decimal_is_read_of_plain_digits_only(text: str) -> None:
    with pytest.raises(DecodeError, match=r"^/price: a decimal number is needed$"):
        Everything.from_dict({"tag": "v1", "price": text})
    assert Everything.from_dict({"tag": "v1", "price": "-1.50e2"}).price == Decimal(-150)


def test_files_forms_and_json_parts_arrive_byte_for_byte(client: HarbourClient) -> None:
    from harbour_client.models import HandInPapersRequestForm

    body = HandInPapersRequestForm(
        bill=File(BYTES, file_name="bill \"é\".pdf", mime_type="application/pdf"),
        annexes=[File(b""), File(BYTES[:10])],
        consignee=Address(city="Ålesund", street='"quoted"'),
        dated=dt.date(2026, 2, 28), copies=2, remarks=["a", "b,c"],
    )  # fmt: skip
    got = client.cargo.hand_in_papers(cargo_id=CARGO, body=body)
    assert got.cargo_id == CARGO
    assert (got.bill.size, got.bill.sha256) == (len(BYTES), hashlib.sha256(BYTES).digest())
    assert [each.size for each in got.annexes] == [0, 10]
    assert got.consignee == body.consignee
    assert (got.dated, got.copies, got.remarks) == (dt.date(2026, 2, 28), 2, ["a", "b,c"])


@pytest.mark.parametrize("unfit", ["text/plain\r\nX-Seals: 3", "text/plain; a=b\nc", "text", "", "text/plain\n"])
def test_a_file_whose_media_type_would_write_other_headers_is_not_sent(client: HarbourClient, unfit: str) -> None:
    from harbour_client.models import HandInPapersRequestForm

    home, day = Address(city="a", street="b"), dt.date(2026, 2, 28)
    with pytest.raises(ValueError, match=r"^bill: .* is no media type$"):
        client.cargo.hand_in_papers(
            cargo_id=CARGO,
            body=HandInPapersRequestForm(bill=File(b"1", "a.txt", unfit), annexes=[], consignee=home, dated=day),
        )


def test_a_picture_goes_up_and_comes_down_byte_for_byte(client: HarbourClient) -> None:
    receipt = client.ships.put_photo(ship_id="s2", body=BYTES)
    assert (receipt.size, receipt.sha256) == (len(BYTES), hashlib.sha256(BYTES).digest())
    assert client.ships.get_photo(ship_id="s2") == BYTES


def test_one_body_goes_in_the_media_type_that_fits_its_python_type_or_was_chosen(client: HarbourClient) -> None:
    note = Note(text="é & = +", urgent=True)
    as_json = client.cargo.add_note(body=note)
    as_form = client.cargo.add_note(body=note, content_type="application/x-www-form-urlencoded")
    assert (as_json.kind, as_form.kind, as_form.text) == ("json", "json", as_json.text)
    assert client.cargo.add_note(body="é\n").text == "é\n"
    assert client.cargo.add_note(body=b"\x00\xff").text == "00ff"


def test_a_reply_of_several_media_types_is_one_of_their_types(client: HarbourClient) -> None:
    table = client.tides.get_tides(day=dt.date(2026, 3, 1), accept_datum=GetTidesAcceptDatum.NAP)
    assert isinstance(table, TideTable)
    assert (table.day, table.datum) == (dt.date(2026, 3, 1), "NAP")
    assert [str(level.metres) for level in table.levels] == ["0.50", "1.50", "2.50"]
    text = client.tides.get_tide_table()
    assert text.startswith("at,metres\r\n")
    assert text.count("\n") == 4


def test_events_and_lines_come_as_their_types_and_an_unknown_event_is_kept(client: HarbourClient) -> None:
    with client.tides.watch_tides(last_event_id="40") as stream:
        found = list(stream)
    assert [type(each) for each in found] == [Level, Level, Level, Storm, UnknownVariant]
    assert isinstance(found[0], Level)
    assert found[0].at == dt.datetime.fromisoformat(LEVELS[0]["at"])
    with client.tides.read_tide_log() as log:
        assert [each.metres for each in log] == [Decimal("0.50"), Decimal("1.50"), Decimal("2.50")]


def test_parameters_arrive_in_every_style(client: HarbourClient) -> None:
    from harbour_client.models import PlanRouteBox, PlanRouteSize

    got = client.default.plan_route(
        ports=["a b", "ü/?#"], legs=[1, 2], hold=["x", "y"], point=Point(x=1, y=2), via=["p", "q&"], avoid=["r", "s"],
        depths=[3, 4], size=PlanRouteSize(length=5), box=PlanRouteBox(north=6, south=-7), start=Point(x=8, y=9),
        ranks=[Rank(1), Rank(99)], on=[dt.date(2026, 1, 1), dt.date(2026, 1, 2)],
    )  # fmt: skip
    assert got == {
        "ports": ["a b", "ü/?#"], "legs": [1, 2], "hold": ["x", "y"], "point": {"x": 1, "y": 2}, "via": ["p", "q&"],
        "avoid": ["r", "s"], "depths": [3, 4], "size": {"length": 5}, "box": {"north": 6, "south": -7},
        "start": {"x": 8, "y": 9}, "ranks": [1, 99], "on": ["2026-01-01", "2026-01-02"],
    }  # fmt: skip


@pytest.mark.parametrize("style", [{"via": ["a,b"]}, {"avoid": ["a b"]}])
def test_a_value_that_would_arrive_as_two_is_not_sent(client: HarbourClient, style: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="would begin another value"):
        client.default.plan_route(ports=["a"], legs=[1], hold=["b"], point=Point(x=1, y=2), **style)


@pytest.mark.parametrize("unfit", [{"desk": "a; list=b"}, {"x_officer": "a\r\nX-Seals: 3"}, {"x_officer": "é"}])
def test_a_header_or_cookie_that_would_be_more_than_its_value_is_not_sent(
    client: HarbourClient, unfit: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="cannot be sent in a"):
        client.import_.declare(**unfit)


def test_parameters_may_be_called_like_what_python_or_the_client_uses_itself(client: HarbourClient) -> None:
    from harbour_client.models import DeclareRequestForm

    got = client.import_.declare(
        id="1", list_=True, self_="2", client_="3", type="4", deadline_=5, x_officer="6 7", x_seals=[8, 9], desk="10",
        body=DeclareRequestForm(goods=["tea & milk", "é"], worth=Decimal("1.50"), fragile=False), deadline=20,
    )  # fmt: skip
    assert got == {
        "id": "1", "list": True, "self": "2", "client": "3", "type": "4", "deadline": 5, "x_officer": "6 7",
        "x_seals": [8, 9], "desk": "10", "body": {"goods": ["tea & milk", "é"], "worth": "1.50", "fragile": False},
    }  # fmt: skip
    assert client.import_.declare() == {}


def test_a_free_form_object_of_an_operation_without_name_or_tag_is_a_dict(client: HarbourClient) -> None:
    assert client.default.get_health() == {"well": True, "depth": {"metres": [1, 2.5, None]}}


def test_other_credentials_go_in_headers(harbour: str) -> None:
    with HarbourClient(harbour, headers={"X-Harbour-Key": KEY}) as client:
        assert client.import_.get_stamp() == "HARBOUR ★"
        assert client.ships.get_ship(ship_id="s3").name == "Ship 2"
    basic = httpx.BasicAuth(*LOGIN.split(":"))._auth_header
    with HarbourClient(harbour, headers={"Authorization": basic}) as client:
        token = client.import_.log_in().token
    with HarbourClient(harbour, lambda: token) as client:
        assert client.ships.get_ship(ship_id="s3").name == "Ship 2"
