"""The models of a generated client: what is written for a schema, what it reads, what it sends, and what it refuses.

One document with the shapes that trip generators is generated once; every test reads or writes JSON with its classes.
"""

import importlib
import json
import pickle
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contractkit.generate.output import differing
from contractkit.tests.generate.odd_models import KINDS, generate
from contractkit.tests.generate.odd_schemas import NAMES, SCHEMAS

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
ROUND_TRIPS: list[tuple[str, Any]] = [
    ("Kinds", KINDS),
    ("Nulls", {"always": None}),
    ("Nulls", {"always": "a", "never": "b", "either": None, "reference": None, "enumerated": None, "unsaid": None}),
    ("Nulls", {"always": "a", "choice": None, "beside": None, "via": None}),
    ("Nulls", {"always": "a", "choice": {"name": "n"}, "beside": {"name": "n"}, "via": {"leaf": "l"}, "unsaid": "b"}),
    ("Garage", {"fleet": [{"wheels": 4, "sort": "Car", "doors": 5}, {"wheels": 6, "sort": "Lorry", "load": 9}]}),
    ("Garage", {"fleet": [{"wheels": 1, "sort": "Unicycle", "new": [1]}]}),
    ("Drawing", {"figures": [{"radius": 1.0, "hole": 0.5}, {"side": 2.0, "name": "s"}, {"radius": 1.5}]}),
    ("Tree", {"value": 1, "branches": [{"value": 2, "branches": []}, {"value": 3}]}),
    ("Ping", {"pong": {"ping": {"pong": {}}, "many": {"a": {}}}}),
    ("Holder", {"it": ["a", 1, ["b", [2]]]}),
    ("Open", {"a": "x", "b": 1, "c": 2}),
    ("Merged", {"name": "y", "size": 1, "extra": "e"}),
    ("Names", {**dict.fromkeys(NAMES, "a"), "dates": ["2026-01-01"]}),
    ("Maps", {"map": {"a": [{"name": "n"}], "b": []}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data"), ROUND_TRIPS, ids=lambda each: json.dumps(each)[:50])
def test_what_was_read_is_written_as_it_was(models: ModuleType, name: str, data: Any) -> None:
    found = getattr(models, name).from_dict(data)
    assert found.to_dict() == data
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - its own


def test_formats_are_values_of_their_own(models: ModuleType) -> None:
    found = models.Kinds.from_dict({**KINDS, "count": 3.0})
    assert (found.exact, found.ratio, found.day) == (Decimal("12.50"), Decimal("0.1"), date(2026, 10, 31))
    assert (found.at, found.raw) == (datetime(2026, 10, 31, 14, 59, 59, tzinfo=UTC), b"\x00\xff")
    assert (found.id, found.count, type(found.count)) == (UUID(str(KINDS["id"])), 3, int)
    assert found.colour is models.Colour.RED
    assert list(models.Colour.__members__) == ["RED", "DARK_BLUE", "PLUS_1", "MINUS_1", "EMPTY", "CLASS"]


REFUSED: list[tuple[str, Any, str]] = [
    ("Kinds", {**KINDS, "count": True}, "/count"),
    ("Kinds", {**KINDS, "count": 1.5}, "/count"),
    ("Kinds", {**KINDS, "flag": 1}, "/flag"),
    ("Kinds", {**KINDS, "at": "2026-10-31T23:59:59"}, "/at"),
    ("Kinds", {**KINDS, "exact": 12.5}, "/exact"),
    ("Kinds", {**KINDS, "exact": "NaN"}, "/exact"),
    ("Kinds", {**KINDS, "raw": "?"}, "/raw"),
    ("Kinds", {**KINDS, "id": "x"}, "/id"),
    ("Kinds", {**KINDS, "colour": 5}, "/colour"),
    ("Kinds", {**KINDS, "level": True}, "/level"),
    ("Kinds", {key: each for key, each in KINDS.items() if key != "day"}, "/day"),
    ("Tree", {"value": 1, "branches": [{"value": 2}, {"value": "3"}]}, "/branches/1/value"),
    ("Maps", {"map": {"a/b~": [{"name": "n"}, {}]}}, "/map/a~1b~0/1/name"),
    ("Open", {"a": "x", "b": "no"}, "/b"),
    ("Leaf", {"name": None}, "/name"),
    ("Leaf", [], ""),
    ("Garage", {"fleet": [{"wheels": 4, "sort": "Car", "doors": "x"}]}, "/fleet/0/doors"),
]


@pytest.mark.parametrize(("name", "data", "pointer"), REFUSED, ids=lambda each: str(each)[-40:])
def test_what_is_not_as_documented_is_refused_by_its_pointer(
    models: ModuleType, codec: ModuleType, name: str, data: Any, pointer: str
) -> None:
    with pytest.raises(codec.DecodeError) as caught:
        getattr(models, name).from_dict(data)
    assert caught.value.pointer == pointer


def test_an_unknown_value_of_an_enum_is_kept_and_readable(models: ModuleType) -> None:
    found = models.Kinds.from_dict({**KINDS, "colour": "mauve", "level": 7})
    assert (found.colour, found.colour.is_known, found.level, found.level.is_known) == ("mauve", False, 7, False)
    assert isinstance(found.colour, models.Colour)
    assert models.Colour.RED.is_known
    assert found.to_dict()["colour"] == "mauve"
    assert "mauve" not in [str(each) for each in models.Colour]
    assert {found.colour: 1}["mauve"] == 1


def test_alternatives_are_told_apart_by_their_tag(models: ModuleType) -> None:
    assert isinstance(models.decode_pet({"kind": "cat", "lives": 9}), models.Cat)
    assert isinstance(models.decode_pet({"kind": "hound"}), models.Dog)
    unknown = models.decode_pet({"kind": "newt", "wet": True})
    assert (unknown.tag, unknown.data) == ("newt", {"kind": "newt", "wet": True})
    assert models.Cat(lives=9).to_dict() == {"kind": "cat", "lives": 9}
    assert models.Dog().to_dict() == {"kind": "hound"}
    assert models.Lorry(wheels=6, load=1).to_dict() == {"wheels": 6, "sort": "Lorry", "load": 1}


def test_of_alternatives_without_a_tag_the_one_that_fits_best_is_taken(models: ModuleType) -> None:
    assert isinstance(models.decode_figure({"radius": 1, "hole": 2}), models.Ring)
    assert isinstance(models.decode_figure({"radius": 1}), models.Circle)
    assert isinstance(models.decode_figure({"side": 1, "name": "s", "newer": 0}), models.Square)


def test_left_out_is_not_null(models: ModuleType, package: Path) -> None:
    unset = importlib.import_module(f"{package.name}.types").UNSET
    assert models.Nulls(always=None).either is unset
    assert models.Nulls(always=None, either=None).to_dict() == {"always": None, "either": None}
    assert models.Nulls(always="a", never=None).to_dict() == {"always": "a"}
    assert pickle.loads(pickle.dumps(unset)) is unset  # noqa: S301 - its own


def test_what_only_replies_have_is_neither_demanded_nor_sent(models: ModuleType) -> None:
    assert models.Stored(name="n", secret="s").to_dict() == {"name": "n", "secret": "s"}
    received = models.Stored.from_dict({"id": "1"})
    assert (received.id, received.to_dict()) == ("1", {})
    with pytest.raises(TypeError, match="id"):
        models.Answer()


def test_members_without_a_name_are_kept_unless_there_must_be_none(models: ModuleType) -> None:
    assert models.Shut.from_dict({"a": "x", "b": 1}) == models.Shut(a="x")
    assert models.Open.from_dict({"a": "x", "b": 1}).additional_properties == {"b": 1}


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), "1e-400", "0.12345678901234567890"])  # noqa: DTZ001 - the point
def test_what_cannot_be_sent_exactly_is_refused(models: ModuleType, value: Any) -> None:
    found = models.Kinds.from_dict(KINDS)
    if isinstance(value, datetime):
        found.at = value
    else:
        found.ratio = Decimal(value)
    with pytest.raises(ValueError, match=r"^/(at: .* has no time zone|ratio: .*)$"):
        found.to_dict()


def test_names_of_a_document_never_become_code_nor_hide_what_modules_import(models: ModuleType, package: Path) -> None:
    assert models.Decimal2.from_dict({"n": "1.5"}).n == Decimal("1.5")
    assert models.Import(x="y").to_dict() == {"x": "y"}
    assert len(models.HostileEnum) == len(SCHEMAS["HostileEnum"]["enum"])
    assert models.Hostile().to_dict() == {}
    assert not any(
        line.startswith("import os") for path in package.rglob("*.py") for line in path.read_text().split("\n")
    )


def test_every_module_can_be_the_first_that_is_imported(package: Path) -> None:
    modules = [path.stem for path in (package / "models").glob("*.py") if path.stem != "__init__"]
    code = f"""
import importlib, sys
for name in {modules!r}:
    for each in [each for each in sys.modules if each.startswith("{package.name}.models")]:
        del sys.modules[each]
    importlib.import_module("{package.name}.models." + name)
"""
    subprocess.run([sys.executable, "-c", code], cwd=package.parent, check=True, timeout=60)


def test_the_same_document_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    generate(tmp_path / package.name)
    for folder in (tmp_path / package.name).rglob("__pycache__"):
        shutil.rmtree(folder)
    assert differing(package, tmp_path / package.name) == []


def test_models_pass_a_strict_type_check(package: Path) -> None:
    words = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={package.parent / 'cache'}"]
    done = subprocess.run([*words, str(package)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


@PATIENT
@given(
    st.fixed_dictionaries(
        {"always": st.none() | st.text()},
        optional={
            "never": st.text(), "either": st.none() | st.text(), "reference": st.none() | st.text(),
            "choice": st.none() | st.fixed_dictionaries({"name": st.text()}), "beside": st.none() | st.text(),
        },
    )
)  # fmt: skip
def test_any_object_of_the_schema_is_read_and_written(models: ModuleType, data: dict[str, Any]) -> None:
    assert models.Nulls.from_dict(json.loads(json.dumps(data))).to_dict() == data


@PATIENT
@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner, max_size=4), max_leaves=20))
def test_any_nesting_is_read_and_written(models: ModuleType, data: Any) -> None:
    assert models.Holder.from_dict({"it": data}).to_dict() == {"it": data}
