"""Documents grow: what a newer server sends is readable by an older client, and is sent back as it came."""

import json
from types import ModuleType
from typing import Any

import pytest

NEWER: list[tuple[str, Any]] = [
    ("Priced", {"currency": "JPY", "version": 2, "kinds": ["card", "cash"], "sure": False}),
    ("Leaf", {"name": "n", "since": "2027", "deep": {"a": [1, None]}}),
    ("decode_either", {"x": "1", "y": "2"}),
    ("decode_ticket", {"state": "new", "since": 1}),
    ("decode_purse", {"number": "4", "brand": "amex"}),
    ("decode_sealing", {"a": "1", "c": "z"}),
    ("Counted", {"name": "n", "a": 1, "b": 2}),
    ("decode_limit", {"type": "daily_limit", "hours": 1}),
    ("decode_limit", {"type": "weekly_limit", "hours": 1, "weekday": "Monday"}),
    ("decode_limit", {"type": "monthly_limit", "hours": 1, "day": 31}),
    ("decode_vehicle", {"sort": "Unicycle", "wheels": 1, "seat": "high"}),
]


def read(models: ModuleType, name: str, data: Any) -> Any:
    found = getattr(models, name)
    return found(data) if name.startswith("decode_") else found.from_dict(data)


@pytest.mark.parametrize(("name", "data"), NEWER, ids=lambda each: json.dumps(each)[:50])
def test_what_a_newer_server_sends_is_sent_back_as_it_came(models: ModuleType, name: str, data: Any) -> None:
    assert read(models, name, data).to_dict() == data


def test_an_enumeration_of_one_value_is_open_and_its_value_the_default(models: ModuleType) -> None:
    found = models.Priced.from_dict({"currency": "JPY", "kinds": ["cash"]})
    assert (found.currency, found.currency.is_known, found.kinds[0].is_known) == ("JPY", False, False)
    assert models.Priced().to_dict() == {"currency": "KRW"}
    assert models.Priced(version=models.PricedVersion.VALUE_1).to_dict() == {"currency": "KRW", "version": 1}


def test_what_tells_alternatives_apart_is_no_open_enumeration(models: ModuleType) -> None:
    assert isinstance(models.decode_ticket({"state": "closed"}), models.Closed)
    assert models.Opened().state == "open"
    unknown = models.decode_ticket({"state": "new", "why": "?"})
    assert (unknown.tag, unknown.data) == ("new", {"state": "new", "why": "?"})


def test_an_alternative_that_names_more_members_is_chosen_though_a_value_is_new(models: ModuleType) -> None:
    found = models.decode_purse({"number": "4", "brand": "amex"})
    assert (type(found), found.brand) == (models.Card, "amex")
    assert isinstance(models.decode_purse({"number": "4", "bank": "b"}), models.Bank)


def test_an_alternative_that_would_lose_a_member_is_not_chosen(models: ModuleType) -> None:
    assert isinstance(models.decode_sealing({"a": "1", "c": "z"}), models.Loose)
    assert isinstance(models.decode_sealing({"a": "1", "b": "z"}), models.Sealed)


def test_members_without_a_name_are_read_as_the_part_of_an_all_of_says(models: ModuleType, codec: ModuleType) -> None:
    with pytest.raises(codec.DecodeError, match=r"^/k: "):
        models.Counted.from_dict({"name": "n", "k": "x"})


def test_an_all_of_that_is_closed_sends_no_member_that_it_does_not_name(models: ModuleType) -> None:
    assert models.ShutLeaf.from_dict({"name": "n", "since": "2027"}).to_dict() == {"name": "n"}


def test_a_base_stands_for_what_none_of_its_heirs_is(models: ModuleType) -> None:
    assert isinstance(
        models.decode_limit({"type": "weekly_limit", "hours": 1, "weekday": "Monday"}), models.WeeklyLimit
    )
    for kind in ("daily_limit", "monthly_limit"):
        found = models.decode_limit({"type": kind, "hours": 2})
        assert (type(found), found.type, found.hours) == (models.LimitBase, kind, 2)
    assert models.LimitBase(hours=1).to_dict() == {"type": "daily_limit", "hours": 1}
