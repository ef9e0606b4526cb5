"""Lists in pages: `?pageNumber=2&pageSize=50`, or `?page=2&size=50`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from attrs import frozen

from broker.errors import InvalidError
from broker.hal.values import Json, link
from broker.query import Pairs

DEFAULT_SIZE = 100
_MOST = 1000
_NUMBER_KEYS = ("pageNumber", "page")
_SIZE_KEYS = ("pageSize", "size")

T = TypeVar("T")


@frozen
class Page:
    """`number` counts from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        return items[self.offset : self.offset + self.size]


def asked(query: Pairs) -> Page | None:
    """The page that a query asks for, None when it does not speak of pages.

    Raises InvalidError when number or size is not a number of at least 1 or is given twice, or the size is over 1000.
    """
    if not any(key in (*_NUMBER_KEYS, *_SIZE_KEYS) for key, _ in query):
        return None
    faults: dict[str, list[str]] = {}
    page = Page(
        _positive(query, _NUMBER_KEYS, 1, 10**9, faults), _positive(query, _SIZE_KEYS, DEFAULT_SIZE, _MOST, faults)
    )
    if faults:
        raise InvalidError(faults)
    return page


def asked_or_first(query: Pairs) -> Page:
    """For lists that have no end: without a word about pages, the first hundred. Raises InvalidError."""
    return asked(query) or Page(1, DEFAULT_SIZE)


def paged(of: Json, page: Page | None, total: int, own: str, query: Pairs) -> Json:
    """The body of a list with the page that it is and the way to the next; as it was, when no page was asked for."""
    if page is None:
        return of
    return {**of, "page": body(page, total), "_links": of["_links"] | links(page, total, own, query)}


def body(page: Page, total: int) -> Json:
    return {
        "number": page.number,
        "size": page.size,
        "totalElements": total,
        "totalPages": -(-total // page.size),
    }


def links(page: Page, total: int, own: str, query: Pairs) -> dict[str, Any]:
    """Where the neighbouring pages are; `query` is the request's, of which all but the page is kept."""
    found: dict[str, Any] = {}
    if page.offset + page.size < total:
        found["next"] = link(_address(own, query, Page(page.number + 1, page.size)), title="Next page")
    if page.number > 1:
        found["previous"] = link(_address(own, query, Page(page.number - 1, page.size)), title="Previous page")
    return found


def _address(own: str, query: Pairs, page: Page) -> str:
    kept = [(key, text) for key, text in query if key not in (*_NUMBER_KEYS, *_SIZE_KEYS)]
    pairs = [*kept, ("pageNumber", str(page.number)), ("pageSize", str(page.size))]
    return f"{own}?{urlencode(pairs, quote_via=quote)}"


def _positive(query: Pairs, keys: Sequence[str], default: int, most: int, faults: dict[str, list[str]]) -> int:
    given = [(key, text) for key, text in query if key in keys]
    if not given:
        return default
    name, text = given[0]
    # Who does not know the broker, as our own import, says it by both names.
    if len({key for key, _ in given}) < len(given) or len({text for _, text in given}) > 1:
        faults[name] = ["is given more than once"]
    elif text.isdecimal() and len(text) < 11 and 0 < int(text) <= most:
        return int(text)
    else:
        faults[name] = [f"must be a number from 1 to {most}"]
    return default
