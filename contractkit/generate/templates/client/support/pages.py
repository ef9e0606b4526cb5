"""Iterators over the items of a list that comes in pages.

A page is asked for when its first item is, and is dropped after its last one, so that a list of any length needs the
memory of one page; of two where the list does not tell how long it is, because each is compared to the one before.
Every iterator ends at a page that says it is the last, and never asks for a page twice: a list that would go on for
ever is a ValueError. Errors of a page are raised where its first item would have come.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

T = TypeVar("T")
P = TypeVar("P")
K = TypeVar("K")  # what a page is asked for with: a number, an offset, a cursor
C = TypeVar("C")
Step = Callable[[P, int], K | None]


def numbered(
    fetch: Callable[[int], P],
    *,
    items: Callable[[P], Iterable[T] | None],
    total: Callable[[P], int | None] | None = None,
    pages: Callable[[P], int | None] | None = None,
    first: int = 1,
) -> Iterator[T]:
    """Pages 1, 2, 3, ... until all items (`total`) or pages (`pages`) that the list tells of were seen, or none."""
    return _walk(fetch, items, first, _by_number(total, pages, first))


def async_numbered(
    fetch: Callable[[int], Awaitable[P]],
    *,
    items: Callable[[P], Iterable[T] | None],
    total: Callable[[P], int | None] | None = None,
    pages: Callable[[P], int | None] | None = None,
    first: int = 1,
) -> AsyncIterator[T]:
    """`numbered` for `async for`."""
    return _async_walk(fetch, items, first, _by_number(total, pages, first))


def offset(
    fetch: Callable[[int], P],
    *,
    items: Callable[[P], Iterable[T] | None],
    total: Callable[[P], int | None] | None = None,
    first: int = 0,
) -> Iterator[T]:
    """Pages that begin at an item; each begins after the last item of the one before."""
    return _walk(fetch, items, first, _by_offset(total, first))


def async_offset(
    fetch: Callable[[int], Awaitable[P]],
    *,
    items: Callable[[P], Iterable[T] | None],
    total: Callable[[P], int | None] | None = None,
    first: int = 0,
) -> AsyncIterator[T]:
    """`offset` for `async for`."""
    return _async_walk(fetch, items, first, _by_offset(total, first))


def cursor(
    fetch: Callable[[C | None], P],
    *,
    items: Callable[[P], Iterable[T] | None],
    next: Callable[[P], C | None],  # noqa: A002  # what documents call it
    more: Callable[[P], bool | None] | None = None,
    parameter: str | None = None,
) -> Iterator[T]:
    """Pages of which each names the next; the first one is asked for with None.

    The last one names none, an empty one or 0, or says with `more` that there is no further one. A page may be empty.
    Where the next page is named by its URL, the cursor is what `parameter` is in its query.
    """
    return _walk(fetch, items, None, _by_cursor(next, more, parameter))


def async_cursor(
    fetch: Callable[[C | None], Awaitable[P]],
    *,
    items: Callable[[P], Iterable[T] | None],
    next: Callable[[P], C | None],  # noqa: A002  # what documents call it
    more: Callable[[P], bool | None] | None = None,
    parameter: str | None = None,
) -> AsyncIterator[T]:
    """`cursor` for `async for`."""
    return _async_walk(fetch, items, None, _by_cursor(next, more, parameter))


def single(fetch: Callable[[], P], *, items: Callable[[P], Iterable[T] | None]) -> Iterator[T]:
    """A list that comes as a whole."""
    yield from items(fetch()) or ()


async def async_single(
    fetch: Callable[[], Awaitable[P]], *, items: Callable[[P], Iterable[T] | None]
) -> AsyncIterator[T]:
    """`single` for `async for`."""
    for item in items(await fetch()) or ():
        yield item


def _walk(fetch: Callable[[K], P], items: Callable[[P], Iterable[T] | None], first: K, step: Step[P, K]) -> Iterator[T]:
    key = first
    while True:
        page = fetch(key)
        count = 0
        for item in items(page) or ():
            count += 1
            yield item
        following = step(page, count)
        del page  # before the next one comes
        if following is None:
            return
        key = following


async def _async_walk(
    fetch: Callable[[K], Awaitable[P]], items: Callable[[P], Iterable[T] | None], first: K, step: Step[P, K]
) -> AsyncIterator[T]:
    key = first
    while True:
        page = await fetch(key)
        count = 0
        for item in items(page) or ():
            count += 1
            yield item
        following = step(page, count)
        del page  # before the next one comes
        if following is None:
            return
        key = following


def _by_number(
    total: Callable[[P], int | None] | None, pages: Callable[[P], int | None] | None, first: int
) -> Step[P, int]:
    number, seen = first, 0
    before: P | None = None

    def step(page: P, count: int) -> int | None:
        nonlocal number, seen, before
        limits = _told(total, page), _told(pages, page)
        if count and limits == (None, None) and page == before:  # the API may not know the parameter for the page
            raise ValueError(f"the list does not end: page {number} is the same as the one before")
        number, seen, before = number + 1, seen + count, page if limits == (None, None) else None
        ends = not count or _reached(limits[0], seen) or _reached(limits[1], number - first)
        return None if ends else number

    return step


def _by_offset(total: Callable[[P], int | None] | None, first: int) -> Step[P, int]:
    position = first
    before: P | None = None

    def step(page: P, count: int) -> int | None:
        nonlocal position, before
        limit = _told(total, page)
        if count and limit is None and page == before:  # the API may not know the parameter for the offset
            raise ValueError(f"the list does not end: the page at {position} is the same as the one before")
        position, before = position + count, page if limit is None else None
        return None if not count or _reached(limit, position) else position

    return step


def _by_cursor(
    following: Callable[[P], C | None], more: Callable[[P], bool | None] | None, parameter: str | None
) -> Step[P, C | None]:
    seen: set[int] = set()

    def step(page: P, _: int) -> C | None:
        key = following(page)
        if parameter is not None:
            key = _from_link(key, parameter)
        if not key or (more is not None and more(page) is False):
            return None
        mark = hash(repr(key))  # a cursor may be an object, and -1 and -2 have the same hash
        if mark in seen:
            raise ValueError(f"the list does not end: it names the page {key!r} a second time")
        seen.add(mark)
        return key

    return step


def _from_link(key: Any, parameter: str) -> Any:
    """The cursor in the URL of the next page; what is no such URL is the cursor itself."""
    if not isinstance(key, str) or "?" not in key:
        return key
    return parse_qs(urlsplit(key).query).get(parameter, [key])[0]


def _told(length: Callable[[P], int | None] | None, page: P) -> int | None:
    """How long a page says that the list is."""
    found = length(page) if length else None
    return found if isinstance(found, int) else None


def _reached(limit: int | None, seen: int) -> bool:
    return limit is not None and seen >= limit
