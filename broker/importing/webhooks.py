"""Definitions of webhooks. Secrets do not leave the source: what had some is disabled until they are given again."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from attrs import frozen
from sqlalchemy import Connection

from broker.errors import InvalidError
from broker.hal.values import Json
from broker.importing import reading
from broker.importing.source import ForbiddenError, MissingError, UnreadableError, path
from broker.importing.work import Scope, Work
from broker.model import WebhookRequest
from broker.store import pacticipants, webhooks
from broker.webhooks.body_secrets import MASK
from broker.webhooks.definition import EVENTS, checked_uuid, readable_request, url_fault
from broker.webhooks.secrecy import is_secret

_MASK = re.compile(r"\*{3,}")
_USER_SECRET = re.compile(r"\$\{user\.([^}]*)\}")
_SIDES = ("consumer", "provider")


@frozen
class _Definition:
    """`missing` names what has to be given again, `faults` what the target does not allow. `sides`: for each, a
    name, a label or neither."""

    uuid: str
    description: str
    sides: dict[str, tuple[str | None, str | None]]
    events: tuple[str, ...]
    request: WebhookRequest
    enabled: bool
    missing: tuple[str, ...]
    faults: tuple[str, ...]
    created_at: int
    updated_at: int


def run(work: Work, scope: Scope) -> None:
    try:
        body = work.source.get("/webhooks")
    except MissingError:
        work.tally.notice("the source has no webhooks")
        return
    except ForbiddenError:
        work.tally.notice("webhooks are not imported: these credentials may not read them; give an administrator's")
        return
    except UnreadableError as error:
        work.tally.fail("webhooks", "all webhooks", error)
        return
    listed = reading.links(body, "pb:webhooks") or reading.links(body, "webhooks")
    uuids = work.tally.readable("webhooks", listed, reading.tail)
    found = []
    for uuid, answer in work.source.each(dict.fromkeys(uuids), lambda one: _readable(work, one)):
        if answer is None:
            work.tally.notice(f"webhook {uuid} is not imported: these credentials may not read it")
        elif isinstance(answer, UnreadableError):
            work.tally.fail("webhooks", f"webhook {uuid}", answer)
        elif _concerns(answer, scope):
            found.append(answer)
    with work.database.write() as tx:
        for one in sorted(found, key=lambda hook: hook.created_at):
            _keep(tx, work, one)


def _concerns(one: _Definition, scope: Scope) -> bool:
    """Where only some pacticipants are imported, those that name one of them."""
    names = {name for name, _ in one.sides.values() if name is not None}
    return scope.everything or (bool(names) and names <= set(scope.pacticipants))


def _keep(tx: Connection, work: Work, one: _Definition) -> None:
    here = webhooks.find(tx, one.uuid)
    if here is not None:
        work.tally.present["webhooks"] += 1
        # Who has changed it since knows why it is disabled.
        if not here.enabled and here.updated_at <= one.updated_at:
            _tell(work, one)
        return
    named = pacticipants.named(tx, [name for name, _ in one.sides.values() if name is not None])
    columns: dict[str, Any] = {"description": one.description, "events": one.events, "request": one.request}
    for side, (name, label) in one.sides.items():
        if name is not None and name not in named:
            work.tally.fail("webhooks", f"webhook {one.uuid}", f"there is no pacticipant {name!r}")
            return
        columns |= {f"{side}_id": named[name].id if name is not None else None, f"{side}_label": label}
    columns["enabled"] = one.enabled and not one.missing and not one.faults
    webhooks.create(tx, one.uuid, one.created_at, columns)
    webhooks.change(tx, one.uuid, one.updated_at, columns)
    work.tally.imported["webhooks"] += 1
    _tell(work, one)


def _tell(work: Work, one: _Definition) -> None:
    what = f"webhook {one.uuid} ({one.description})" if one.description else f"webhook {one.uuid}"
    if one.missing:
        work.tally.notice(f"{what} is disabled until this is given again: {', '.join(one.missing)}")
    for fault in one.faults:
        work.tally.notice(f"{what} is disabled: {fault}")


def _readable(work: Work, uuid: str) -> _Definition | None:
    """None where the credentials are not enough."""
    try:
        return _read(work, uuid)
    except ForbiddenError:
        return None


def _read(work: Work, uuid: str) -> _Definition:
    body = work.source.get(path("webhooks", uuid))
    given = body.get("request")
    if not isinstance(given, dict):
        raise UnreadableError("it has no request")
    plain, missing = _without_masks(given)
    try:
        request, faults = readable_request(plain, work.webhooks_allowed)
    except InvalidError as error:
        raise UnreadableError(str(error)) from None
    listed = body.get("events")
    names = [one.get("name") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    events = tuple(name for name in EVENTS if name in names)
    if not events:
        raise UnreadableError("no event of it exists here")
    created_at = reading.required_instant(body, "createdAt")
    return _Definition(
        _uuid(uuid),
        reading.text(body, "description") or "",
        {side: _side(body, side) for side in _SIDES},
        events,
        request,
        body.get("enabled") is not False,
        (*missing, *_secrets_elsewhere(request)),
        tuple(f"{field} {message}" for field, messages in faults.items() for message in messages),
        created_at,
        reading.instant(body, "updatedAt") or created_at,
    )


def _uuid(uuid: str) -> str:
    try:
        return checked_uuid(uuid)
    except InvalidError as error:
        raise UnreadableError(str(error)) from None


def _side(body: Json, side: str) -> tuple[str | None, str | None]:
    given = body.get(side)
    if given is None:
        return None, None
    if not isinstance(given, dict):
        raise UnreadableError(f"its {side} is not an object")
    name, label = reading.text(given, "name"), reading.text(given, "label")
    if name is None and label is None:
        # Taken for "any", it would be called for far more than it was meant for.
        raise UnreadableError(f"its {side} has neither a name nor a label")
    return (name, None) if name is not None else (None, label)


def _without_masks(given: Json) -> tuple[Json, list[str]]:
    """A request without what the source does not show, and where that stood."""
    missing: list[str] = []
    plain = dict(given)
    headers = given.get("headers")
    if isinstance(headers, dict):
        hidden = [name for name, value in headers.items() if _is_mask(name, value)]
        missing += [f"header {name}" for name in hidden]
        plain["headers"] = {name: value for name, value in headers.items() if name not in hidden}
    if plain.pop("password", None) is not None:
        missing.append("password")
    url = given.get("url")
    if isinstance(url, str) and url_fault(url) is None:
        plain["url"] = _unmasked(url)
    plain["body"] = _shown_part(given.get("body"))
    missing += [where for name, where in (("url", "URL"), ("body", "body")) if plain.get(name) != given.get(name)]
    return plain, missing


def _is_mask(header: str, value: object) -> bool:
    found = _MASK.search(value) if isinstance(value, str) else None
    return found is not None and (is_secret(header) or found[0] == value)


def _secrets_elsewhere(request: WebhookRequest) -> list[str]:
    """Those that PactFlow keeps apart."""
    places = (request.url, dict(request.headers), request.body)
    return sorted({f"${{user.{name}}}" for name in _USER_SECRET.findall(str(places))})


def _unmasked(url: str) -> str:
    found = urlsplit(url)
    if _MASK.search(unquote(found.netloc.rpartition("@")[0])):
        found = found._replace(netloc=found.netloc.rpartition("@")[2])
    kept = [pair for pair in found.query.split("&") if not _MASK.search(unquote(pair))]
    path = found.path.replace(MASK, "masked")
    return found._replace(path=path, query="&".join(kept)).geturl()


def _shown_part(body: Any) -> Any:
    """Without the masks of a broker of this kind; others mask nothing there."""
    if isinstance(body, dict):
        return {name: _shown_part(value) for name, value in body.items()}
    if isinstance(body, list):
        return [_shown_part(value) for value in body]
    return body.replace(MASK, "") if isinstance(body, str) else body
