"""What the source's answers say, as values; each reader raises UnreadableError when an answer cannot be taken."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from broker.call import name_fault
from broker.hal.values import Json
from broker.importing.records import (
    ResultDetails,
    SourceBranch,
    SourceEnvironment,
    SourcePact,
    SourcePacticipant,
    SourcePresence,
    SourceResult,
    SourceVersion,
    VersionDetails,
)
from broker.importing.source import UnreadableError

_MAX_TEXT = 10_000
_SHA = re.compile(r"[0-9a-f]{40}\Z")
_RESULT = re.compile(r"/verification-results/([0-9]{1,18})\Z")


def pacticipant(body: Json) -> SourcePacticipant:
    created = required_instant(body, "createdAt")
    return SourcePacticipant(
        name(body, "name"),
        text(body, "displayName"),
        text(body, "mainBranch"),
        text(body, "repositoryUrl"),
        tuple(name(one, "name") for one in embedded(body, "labels")),
        created,
        instant(body, "updatedAt") or created,
    )


def version(owner: str, body: Json) -> SourceVersion:
    return SourceVersion(owner, name(body, "number"), required_instant(body, "createdAt"))


def details(body: Json) -> VersionDetails:
    created = required_instant(body, "createdAt")
    on = tuple(name(one, "name") for one in embedded(body, "branchVersions"))
    # Before a version could be on several branches, its branch was a field of its own.
    single = text(body, "branch")
    return VersionDetails(
        text(body, "buildUrl"),
        created,
        instant(body, "updatedAt") or created,
        on or ((single,) if single else ()),
        tuple(name(one, "name") for one in embedded(body, "tags")),
        tuple(tail(one) for one in links(body, "pb:deployed-environments")),
        tuple(tail(one) for one in links(body, "pb:released-environments")),
    )


def branch(body: Json) -> SourceBranch:
    return SourceBranch(name(body, "name"), required_instant(body, "createdAt"))


def environment(body: Json) -> SourceEnvironment:
    created = required_instant(body, "createdAt")
    contacts = body.get("contacts")
    listed = isinstance(contacts, list) and bool(contacts) and all(isinstance(one, dict) for one in contacts)
    return SourceEnvironment(
        identifier(body),
        name(body, "name"),
        text(body, "displayName"),
        body.get("production") is True,
        orjson.dumps(contacts).decode() if listed else None,
        created,
        instant(body, "updatedAt") or created,
    )


def presence(body: Json, current: str, ended: str) -> SourcePresence:
    """A deployment or a release; `current` and `ended` are the fields that say whether and when it is over."""
    inside = body.get("_embedded")
    inside = inside if isinstance(inside, dict) else {}
    place = inside.get("environment")
    return SourcePresence(
        identifier(body),
        name(_object(inside, "pacticipant"), "name"),
        name(_object(inside, "version"), "number"),
        identifier(place) if isinstance(place, dict) else None,
        _instance(body),
        required_instant(body, "createdAt"),
        body.get(current) is False,
        instant(body, ended),
    )


def _instance(body: Json) -> str:
    """Empty for the unnamed one; `target` is the former name of the field."""
    return next((name(body, key) for key in ("applicationInstance", "target") if body.get(key)), "")


def pact(body: Json) -> SourcePact:
    inside = _object(body, "_embedded")
    sha = next((one.get("name") for one in links(body, "pb:pact-version")), None)
    return SourcePact(
        name(_object(inside, "consumerVersion"), "number"),
        sha if isinstance(sha, str) and _SHA.match(sha) else None,
        instant(body, "createdAt"),
    )


def result(
    body: Json, number_key: str = "providerApplicationVersion", at_key: str = "verificationDate"
) -> SourceResult:
    found = result_number(body)
    if found is None:
        raise UnreadableError("a verification result has no number")
    return SourceResult(found, name(body, number_key), flag(body, "success"), required_instant(body, at_key))


def result_number(body: Json) -> int | None:
    """From the link of a result; None when it is something else, such as a comparison."""
    own = next(iter(links(body, "self")), {})
    matched = _RESULT.search(urlsplit(_href(own)).path)
    return int(matched[1]) if matched else None


def result_details(body: Json) -> ResultDetails:
    by = body.get("verifiedBy")
    verified_by = {key: value for key, value in by.items() if isinstance(value, str)} if isinstance(by, dict) else {}
    tests = body.get("testResults")
    return ResultDetails(
        name(body, "providerApplicationVersion"),
        flag(body, "success"),
        text(body, "buildUrl"),
        required_instant(body, "verificationDate"),
        wip if isinstance(wip := body.get("wip"), bool) else None,
        orjson.dumps({"testResults": [] if tests is None else tests, "verifiedBy": verified_by}),
    )


def embedded(body: Json, key: str) -> list[Json]:
    inside = body.get("_embedded")
    found = inside.get(key) if isinstance(inside, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def links(body: Json, relation: str) -> list[Json]:
    inside = body.get("_links")
    found = inside.get(relation) if isinstance(inside, dict) else None
    found = [found] if isinstance(found, dict) else found
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def tail(link: Json) -> str:
    """The identifier at the end of a link, wherever the link leads."""
    found = unquote(urlsplit(_href(link)).path.rstrip("/").rpartition("/")[2])
    if name_fault(found):
        raise UnreadableError("a link has no identifier at its end")
    return found


def _href(link: Json) -> str:
    href = link.get("href")
    return href if isinstance(href, str) and _is_url(href) else ""


def _is_url(href: str) -> bool:
    try:
        urlsplit(href)
    except ValueError:
        return False
    return True


def identifier(body: Json) -> str:
    return name(body, "uuid")


def name(body: Json, key: str) -> str:
    found = body.get(key)
    if not isinstance(found, str):
        raise UnreadableError(f"{key} is missing")
    fault = name_fault(found)
    if fault:
        raise UnreadableError(f"the {key} {found[:60]!r} {fault}")
    return found


def text(body: Json, key: str) -> str | None:
    """None as well for what could not be stored."""
    found = body.get(key)
    return found if isinstance(found, str) and found and len(found) <= _MAX_TEXT and "\x00" not in found else None


def flag(body: Json, key: str) -> bool:
    found = body.get(key)
    if not isinstance(found, bool):
        raise UnreadableError(f"{key} is neither true nor false")
    return found


def required_instant(body: Json, key: str) -> int:
    found = instant(body, key)
    if found is None:
        raise UnreadableError(f"{key} is not an instant")
    return found


def instant(body: Json, key: str) -> int | None:
    """Microseconds; what has no time zone is UTC."""
    found = body.get(key)
    if not isinstance(found, str):
        return None
    try:
        moment = datetime.fromisoformat(found)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    microseconds = (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
    return microseconds if microseconds >= 0 else None


def _object(body: Json, key: str) -> dict[str, Any]:
    found = body.get(key)
    if not isinstance(found, dict):
        raise UnreadableError(f"{key} is missing")
    return found
