"""Iterators over pages in generated clients: every item once, no page too many, one page in memory."""

import asyncio
import weakref
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from contractkit.tests.generate.runtime import pages

ITEMS = list(range(7))


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def walk(request: pytest.FixtureRequest) -> Callable[..., Iterator[Any]]:
    """`walk(kind, fetch, ...)`: the items, by the iterator of that kind or by its async twin."""

    def sync(kind: str, fetch: Any, **options: Any) -> Iterator[Any]:
        yield from getattr(pages, kind)(fetch, **options)

    def asynchronous(kind: str, fetch: Any, **options: Any) -> Iterator[Any]:
        async def later(*key: Any) -> Any:
            return fetch(*key)

        iterator = getattr(pages, f"async_{kind}")(later, **options)
        with asyncio.Runner() as runner:
            while True:
                try:
                    yield runner.run(anext(iterator))
                except StopAsyncIteration:
                    return

    return asynchronous if request.param else sync


class Listing:
    """A list of seven in pages of three, which writes down what it is asked for."""

    def __init__(self, key_of_start: Callable[[Any], int]) -> None:
        self.asked: list[Any] = []
        self.start = key_of_start

    def __call__(self, key: Any = None) -> dict[str, Any]:
        self.asked.append(key)
        start = self.start(key)
        after = start + 3
        return {"items": ITEMS[start:after], "total": 7, "pages": 3, "next": after if after < 7 else None}


def items(page: Any) -> Any:
    return page["items"]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"total": lambda page: page["total"]}, [1, 2, 3]),
        ({"pages": lambda page: page["pages"]}, [1, 2, 3]),
        ({"total": lambda _: None}, [1, 2, 3, 4]),
        ({}, [1, 2, 3, 4]),
    ],
)
def test_numbered_pages_end_where_the_list_does(walk: Any, options: dict[str, Any], asked: list[int]) -> None:
    listing = Listing(lambda number: (number - 1) * 3)
    assert list(walk("numbered", listing, items=items, **options)) == ITEMS
    assert listing.asked == asked


def test_numbered_pages_may_begin_at_zero(walk: Any) -> None:
    listing = Listing(lambda number: number * 3)
    assert list(walk("numbered", listing, items=items, pages=lambda page: page["pages"], first=0)) == ITEMS
    assert listing.asked == [0, 1, 2]


@pytest.mark.parametrize(("total", "asked"), [(7, [0, 3, 6]), (None, [0, 3, 6, 7])])
def test_offsets_follow_the_items_that_came(walk: Any, total: int | None, asked: list[int]) -> None:
    listing = Listing(lambda offset: offset)
    assert list(walk("offset", listing, items=items, total=lambda _: total)) == ITEMS
    assert listing.asked == asked


def test_cursors_are_followed_to_the_page_that_names_none(walk: Any) -> None:
    listing = Listing(lambda cursor: cursor or 0)
    assert list(walk("cursor", listing, items=items, next=lambda page: page["next"])) == ITEMS
    assert listing.asked == [None, 3, 6]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("https://api.test/acc/?cursor=cD00%3D&limit=3", "cD00="),
        ("?cursor=a", "a"),
        ("what?no=link", "what?no=link"),
        ("plain", "plain"),
    ],
)
def test_a_next_page_that_is_named_by_its_url_is_asked_for_by_the_cursor_in_it(
    walk: Any, said: str, asked: str
) -> None:
    pages_by_cursor = {None: ([1], said), asked: ([2], None)}
    options = {"items": lambda page: page[0], "next": lambda page: page[1], "parameter": "cursor"}
    assert list(walk("cursor", pages_by_cursor.__getitem__, **options)) == [1, 2]


def test_a_page_that_says_it_is_the_last_ends_a_list_whatever_cursor_it_names(walk: Any) -> None:
    listing = Listing(lambda cursor: cursor or 0)
    found = walk("cursor", listing, items=items, next=lambda page: page["next"], more=lambda page: page["next"] != 6)
    assert list(found) == ITEMS[:6]


def test_a_list_that_names_a_page_twice_does_not_go_on_for_ever(walk: Any) -> None:
    with pytest.raises(ValueError, match="second time"):
        list(islice(walk("cursor", Listing(lambda _: 0), items=items, next=lambda _: "again"), 100))


def test_an_empty_page_with_a_cursor_is_not_the_end(walk: Any) -> None:
    book = {None: ([1], "a"), "a": ([], "b"), "b": ([2], "")}
    assert list(walk("cursor", book.get, items=lambda page: page[0], next=lambda page: page[1])) == [1, 2]


@pytest.mark.parametrize("nothing", [None, [], ()])
@pytest.mark.parametrize("kind", ["numbered", "offset"])
def test_a_page_without_items_ends_a_list(walk: Any, kind: str, nothing: Any) -> None:
    assert list(walk(kind, lambda _: nothing, items=lambda page: page)) == []


def test_a_list_without_pages_is_asked_for_once(walk: Any) -> None:
    listing = Listing(lambda _: 0)
    assert list(walk("single", listing, items=items)) == [0, 1, 2]
    assert listing.asked == [None]


def test_a_page_is_asked_for_when_its_first_item_is(walk: Any) -> None:
    listing = Listing(lambda number: (number - 1) * 3)
    iterator = walk("numbered", listing, items=items)
    assert listing.asked == []
    assert [next(iterator) for _ in range(3)] == [0, 1, 2]
    assert listing.asked == [1]
    next(iterator)
    assert listing.asked == [1, 2]


@pytest.mark.parametrize("kind", ["numbered", "offset"])
def test_a_list_that_gives_one_page_again_and_again_ends_with_an_error(
    walk: Callable[..., Iterator[Any]], kind: str
) -> None:
    endless = islice(walk(kind, lambda _: {"items": [1, 2]}, items=items), 10)
    with pytest.raises(ValueError, match="does not end"):
        list(endless)


@pytest.mark.parametrize("kind", ["numbered", "offset", "cursor"])
def test_a_page_is_dropped_before_the_next_one_comes(walk: Any, kind: str) -> None:
    class Page:
        def __init__(self, number: int) -> None:
            self.number = number

    made: list[weakref.ref[Page]] = []
    alive: list[int] = []

    def fetch(_: Any) -> Page:
        alive.append(sum(1 for page in made if page() is not None))
        page = Page(len(made) + 1)
        made.append(weakref.ref(page))
        return page

    ends = {"next": lambda page: page.number % 4} if kind == "cursor" else {"total": lambda _: 12}
    assert len(list(walk(kind, fetch, items=lambda _: ITEMS[:3], **ends))) == 12
    assert alive == [0, 0, 0, 0]


@pytest.mark.parametrize("kind", ["numbered", "offset"])
def test_a_list_whose_total_is_null_does_not_go_on_for_ever_either(walk: Any, kind: str) -> None:
    page = {"items": [1, 2], "total": None}
    with pytest.raises(ValueError, match="the list does not end"):
        list(islice(walk(kind, lambda _: page, items=items, total=lambda found: found["total"]), 9))


@pytest.mark.parametrize("keys", [[-1, -2, None], [{"after": 1}, {"after": 2}, None]])
def test_a_cursor_may_be_anything(walk: Any, keys: list[Any]) -> None:
    left = iter(keys)
    asked: list[Any] = []

    def fetch(key: Any) -> Any:
        asked.append(key)
        return {"items": [1], "next": next(left)}

    assert list(walk("cursor", fetch, items=items, next=lambda page: page["next"])) == [1, 1, 1]
    assert asked == [None, *keys[:2]]
