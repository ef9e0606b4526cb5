"""What models read and send, format by format: as strict as the formats are, and every fault by its JSON pointer."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from contractkit.tests.generate.odd_models import KINDS

MEANT: dict[str, Any] = {
    "exact": Decimal("12.50"), "day": date(2026, 10, 31), "at": datetime(2026, 10, 31, tzinfo=UTC),
    "id": UUID(str(KINDS["id"])), "raw": b"", "count": 3, "share": 0.5, "flag": True, "level": 2, "colour": "red",
}  # fmt: skip
UNSENDABLE: list[tuple[dict[str, Any], str]] = [
    ({"at": datetime(2026, 10, 31)}, "/at: 2026-10-31 00:00:00 has no time zone"),  # noqa: DTZ001 - naive on purpose
    ({"at": "2026-10-31T00:00:00Z"}, "/at: a datetime is needed, not a string"),
    ({"day": "2026-10-31"}, "/day: a date is needed, not a string"),
    ({"exact": "12.50"}, "/exact: a Decimal is needed, not a string"),
    ({"exact": Decimal("NaN")}, "/exact: NaN is no number in JSON"),
    ({"exact": Decimal("1E+999999999")}, "/exact: a decimal number has at most 1000 digits"),
    ({"exact": Decimal("1E-1001")}, "/exact: a decimal number has at most 1000 digits"),
    ({"ratio": Decimal("0.10000000000000000001")}, "/ratio: it cannot be sent exactly as a JSON number"),
    ({"ratio": Decimal("1E+1000")}, "/ratio: a decimal number has at most 1000 digits"),
    ({"id": "x"}, "/id: a UUID is needed, not a string"),
    ({"raw": "x"}, "/raw: bytes is needed, not a string"),
    ({"count": 1.5}, "/count: a whole number is needed, not a number"),
    ({"count": True}, "/count: a whole number is needed, not a boolean"),
    ({"share": float("nan")}, "/share: nan is no number in JSON"),
    ({"flag": None}, "/flag: a boolean is needed, not null"),
    ({"colour": 1.5}, "/colour: an enumeration's value is needed, not a number"),
]


@pytest.mark.parametrize(("member", "message"), UNSENDABLE, ids=lambda each: str(each)[:40])
def test_what_cannot_be_sent_is_refused_by_its_pointer(
    models: ModuleType, codec: ModuleType, member: dict[str, Any], message: str
) -> None:
    with pytest.raises(codec.EncodeError) as caught:
        models.Kinds(**{**MEANT, **member}).to_dict()
    assert str(caught.value) == message
    assert models.Kinds(**MEANT).to_dict()["exact"] == "12.50"


def test_a_pointer_of_what_cannot_be_sent_leads_through_lists_and_objects(
    models: ModuleType, codec: ModuleType
) -> None:
    for wrong, message in [
        (models.Maps(map={"a/b": [models.Leaf(name="n"), {}]}),
         "/map/a~1b/1: an object of the class Leaf is needed, not an object"),
        (models.Maps(map={"a": [models.Leaf(name=5)]}), "/map/a/0/name: a string is needed, not a number"),
        (models.Maps(map={"a": "b"}), "/map/a: a list is needed, not a string"),
        (models.Maps(map=[]), "/map: a dict is needed, not an array"),
        (models.Maps(map={1: []}), "/map/1: a string is needed, not a number"),
        (models.Names(dates=[date(2026, 1, 1), "x"]), "/dates/1: a date is needed, not a string"),
        (models.Holder(it=["a", object()]), "/it/1: object cannot be sent as JSON"),
    ]:  # fmt: skip
        with pytest.raises(codec.EncodeError) as caught:
            wrong.to_dict()
        assert str(caught.value) == message


def test_a_member_that_has_an_attribute_is_not_sent_from_additional_properties(
    models: ModuleType, codec: ModuleType
) -> None:
    with pytest.raises(codec.EncodeError) as caught:
        models.Open(a="x", additional_properties={"b": 1, "a": 2}).to_dict()
    assert caught.value.pointer == "/a"


STRICT = [
    ("day", "20261031"), ("day", "2026-W44-6"), ("day", "2026-10-31T00:00:00Z"), ("day", "2026-02-30"),
    ("at", "2026-10-31"), ("at", "20261031T235959Z"), ("at", "2026-10-31T23:59Z"), ("at", "2026-10-31T23:59:59,5Z"),
    ("at", "2026-10-31T23:59:59+0900"), ("at", "2026-10-31T23:59:59+09:00:30"), ("at", "2026-10-31x23:59:59Z"),
    ("at", "2026-10-31T24:00:00Z"), ("at", "2026-10-31T23:59:59+24:00"), ("at", "\ud800"),
    ("at", "2026-13-01T00:00:00Z"),
    ("id", "12345678123412341234567812345678"), ("id", "{12345678-1234-5678-1234-567812345678}"),
    ("id", "1234567_-1234-5678-1234-567812345678"), ("id", "urn:uuid:12345678-1234-5678-1234-567812345678"),
    ("exact", "1e1000"), ("exact", "1e-1001"), ("exact", "1" * 1001), ("exact", "1e9999999999999999999999"),
    ("exact", "\ud800"), ("share", json.loads("1e400")), ("share", 10**400), ("ratio", json.loads("1e400")),
    ("ratio", 10**1000), ("count", json.loads("1e400")), ("count", json.loads("9007199254740993.0")),
]  # fmt: skip


@pytest.mark.parametrize(("member", "value"), STRICT, ids=lambda each: ascii(each)[:40])
def test_formats_are_read_as_strictly_as_they_are_defined(
    models: ModuleType, codec: ModuleType, member: str, value: Any
) -> None:
    with pytest.raises(codec.DecodeError) as caught:
        models.Kinds.from_dict({**KINDS, member: value})
    assert caught.value.pointer == f"/{member}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-10-31t23:59:59z", datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-10-31 23:59:59.1234567-00:00", datetime(2026, 10, 31, 23, 59, 59, 123456, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_all_that_rfc_3339_allows_is_read_and_a_leap_second_is_the_last_instant_before_it(
    models: ModuleType, text: str, meant: datetime
) -> None:
    assert models.Kinds.from_dict({**KINDS, "at": text}).at == meant


def test_a_number_that_is_a_decimal_keeps_all_its_digits(models: ModuleType, codec: ModuleType) -> None:
    digits = "0.10000000000000000000000000001"
    data = {
        **KINDS,
        "ratio": codec.ExactNumber(digits),
        "share": codec.ExactNumber("0.5"),
        "count": codec.ExactNumber("3.0"),
    }
    found = models.Kinds.from_dict(data)
    assert (found.ratio, found.share, type(found.share), found.count) == (Decimal(digits), 0.5, float, 3)


def test_a_whole_number_with_too_many_digits_is_refused_for_its_digits(models: ModuleType, codec: ModuleType) -> None:
    with pytest.raises(codec.DecodeError, match="at most 1000 digits"):
        models.Kinds.from_dict({**KINDS, "ratio": 10**1000})
