"""The parts of an interaction - requests, responses, messages - as values for a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from attrs import frozen

from broker.pages.bodies import Body, Token, body, json_lines
from broker.pages.reading import as_object, as_text, cut
from broker.pages.rules import Rules, generating, matching

MOST_ENTRIES = 200  # headers, parameters, states of one message
MESSAGE_KEYS = frozenset({"contents", "metadata", "metaData", "matchingRules", "generators"})


@frozen
class Entry:
    """One header, query parameter or metadata entry, with what else would be accepted."""

    name: str
    values: tuple[str, ...]
    rules: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()


@frozen
class Table:
    title: str
    entries: tuple[Entry, ...]


@frozen
class Part:
    """One request, response or message; `line` is its request line or status."""

    title: str
    line: str | None = None
    line_rules: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    body: Body | None = None
    elsewhere: tuple[tuple[str, str], ...] = ()
    other: tuple[tuple[Token, ...], ...] = ()


def request(raw: dict[str, Any]) -> Part:
    rules, made = _rules(raw)
    line = f"{as_text(raw.get('method', 'GET')).upper()} {as_text(raw.get('path', '/'))}"
    tables = (
        _table("Query", _query(raw.get("query")), "query", rules, made),
        _table("Headers", _headers(raw.get("headers")), "header", rules, made),
    )
    return _part("Request", raw, line, ("method", "path"), tables, {"method", "path", "query", "headers", "body"})


def response(raw: dict[str, Any]) -> Part:
    rules, made = _rules(raw)
    tables = (_table("Headers", _headers(raw.get("headers")), "header", rules, made),)
    status = as_text(raw["status"]) if "status" in raw else None
    return _part("Response", raw, status, ("status",), tables, {"status", "headers", "body"})


def _part(
    title: str,
    raw: dict[str, Any],
    line: str | None,
    line_categories: tuple[str, ...],
    tables: tuple[Table, ...],
    read: set[str],
) -> Part:
    rules, made = _rules(raw)
    said = tuple(text for category in line_categories for text in rules.whole(category))
    said += tuple(f"filled with {text}" for category in line_categories for text in made.whole(category))
    categories = {*line_categories, *(_CATEGORY[table.title] for table in tables), "body"}
    content_type = _content_type(raw.get("headers"))
    found = body(raw, "body", content_type, rules, made)
    other = {key: value for key, value in raw.items() if key not in read | {"matchingRules", "generators"}}
    return Part(
        title,
        line,
        said,
        tuple(table for table in tables if table.entries),
        found,
        _elsewhere(rules, made, categories, with_body=found is None, tables=tables),
        tuple(json_lines(other)) if other else (),
    )


def message(title: str, raw: dict[str, Any], read: frozenset[str]) -> Part:
    rules, made = _rules(raw)
    metadata = raw.get("metadata", raw.get("metaData"))
    entries = [(name, (as_text(value),)) for name, value in as_object(metadata).items()]
    table = _table("Metadata", entries, "metadata", rules, made)
    content_type = next(
        (values[0] for name, values in entries if name.casefold() in ("contenttype", "content-type")), None
    )
    found = body(raw, "contents", content_type, rules, made)
    other = {key: value for key, value in raw.items() if title != "Content" and key not in read}
    return Part(
        title,
        None,
        (),
        (table,) if table.entries else (),
        found,
        _elsewhere(rules, made, {"metadata", "body"}, with_body=found is None, tables=(table,)),
        tuple(json_lines(other)) if other else (),
    )


_CATEGORY = {"Query": "query", "Headers": "header", "Metadata": "metadata"}


def _elsewhere(
    rules: Rules, made: Rules, placed: set[str], *, with_body: bool, tables: Iterable[Table]
) -> tuple[tuple[str, str], ...]:
    """Rules of unknown categories, of a body that is not there, and of entries that are not."""
    named = {_CATEGORY[table.title]: {entry.name.casefold() for entry in table.entries} for table in tables}
    found = []
    for source in (rules, made):
        for category, listed in source.by_category.items():
            for rule in listed:
                head = str(rule.path[0]).casefold() if rule.path else ""
                known = head in named[category] if category in named else category in placed
                if not known or (category == "body" and with_body):
                    found.append((f"{category} {rule.source}".strip(), rule.text))
    return tuple(found[:MOST_ENTRIES])


def _rules(raw: Mapping[str, Any]) -> tuple[Rules, Rules]:
    return matching(raw.get("matchingRules")), generating(raw.get("generators"))


def _table(
    title: str, entries: Iterable[tuple[str, tuple[str, ...]]], category: str, rules: Rules, made: Rules
) -> Table:
    return Table(
        title,
        tuple(
            Entry(name, values, rules.named(category, name), made.named(category, name))
            for name, values in list(entries)[:MOST_ENTRIES]
        ),
    )


def _query(raw: object) -> list[tuple[str, tuple[str, ...]]]:
    """Up to version 2 a text, from version 3 on an object of lists."""
    if isinstance(raw, str):
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw[:100_000], keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return [(name, tuple(map(cut, values))) for name, values in found.items()]
    return _headers(raw)


def _headers(raw: object) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (name, tuple(as_text(one) for one in value[:MOST_ENTRIES]) if isinstance(value, list) else (as_text(value),))
        for name, value in as_object(raw).items()
    ]


def _content_type(headers: object) -> str | None:
    return next((values[0] for name, values in _headers(headers) if name.casefold() == "content-type" and values), None)
