"""Publishing contracts: POST /contracts/publish, and the older PUT of a single pact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from broker import bidirectional, content, difference, publishing, registry
from broker.call import NO_CONTENT, Call, Fields, Reply, Route, checked_name, created
from broker.errors import InvalidError
from broker.hal.participants import pact_name, pacticipant_stub, version_stub
from broker.hal.provider_contracts import fits
from broker.hal.urls import Urls
from broker.hal.values import Json, link
from broker.hal.webhooks import event_notices
from broker.model import Comparison, ProviderContract
from broker.publishing import Contract, DifferentContentError, Outcome, Published, Submission
from broker.routes.pacts import pact_body
from broker.store import contracts, removal
from broker.webhooks import events
from broker.webhooks.events import Detected

Compared = Mapping[int, Sequence[tuple[ProviderContract, Comparison]]]  # by pact id
_MOST_LINES = 120  # of what a conflict tells
_ON_CONFLICT = ("overwrite", "merge", None)


def publish(call: Call) -> Reply:
    submission = _submission(call.json())
    with _explained(call), call.database.write() as tx:
        outcome = publishing.publish(tx, submission, call.now)
        detected = _emit(tx, call, outcome)
    compared = _compare(call, outcome)
    said = _notices(submission, outcome, detected, call.urls)
    for one in outcome.published:
        said += fits(one.pact, compared.get(one.pact.id, ()), call.urls)
    return Reply(_published(submission, outcome, said, call.urls))


@contextmanager
def _explained(call: Call) -> Iterator[None]:
    """Adds to a conflict what differs. That takes time, so it is found out when the writer has been let go."""
    try:
        yield
    except DifferentContentError as conflict:
        was = conflict.existing
        with call.database.read() as tx:
            content_id = contracts.content_id(tx, was.consumer_id, was.provider_id, was.sha)
            before = contracts.body(tx, content_id) if content_id is not None else None
        if before is not None:
            conflict.details = difference.between(before, conflict.new.body).text(most_lines=_MOST_LINES)
        raise


def _emit(tx: Connection, call: Call, outcome: Outcome) -> list[list[Detected]]:
    """For each contract the events of its publication, webhook calls for which are noted in the same transaction."""
    return [events.pact_published(tx, one.pact, one.change, call.urls_for, call.now) for one in outcome.published]


def _submission(body: dict[str, Any]) -> Submission:
    fields = Fields(body)
    name = fields.name("pacticipantName")
    number = fields.name("pacticipantVersionNumber")
    branch, build_url, tags = fields.text("branch"), fields.text("buildUrl"), fields.names("tags")
    items = fields.objects("contracts")
    read = [_contract(item, index, name, fields) for index, item in enumerate(items)]
    fields.check()
    if branch is not None:
        checked_name(branch, "branch")
    return Submission(name, number, branch, tags, build_url, tuple(one for one in read if one is not None))


def _contract(item: dict[str, Any], index: int, consumer: str, outer: Fields) -> Contract | None:
    fields = Fields(item)
    named = fields.name("consumerName")
    provider = fields.name("providerName")
    encoded = fields.text("content", required=True)
    if named and named != consumer:
        fields.faults["consumerName"] = [f"must be the pacticipantName '{consumer}', not '{named}'"]
    if item.get("specification") != "pact":
        fields.faults["specification"] = ["must be 'pact'"]
    if not str(item.get("contentType", "")).endswith("json"):
        fields.faults["contentType"] = ["must be application/json"]
    if item.get("onConflict") not in _ON_CONFLICT:
        fields.faults["onConflict"] = ["must be 'overwrite' or 'merge'"]
    said = fields.sentences()
    read = None
    if not said and encoded is not None:
        try:
            read = content.from_base64(encoded)
            _check_parties(read, consumer, provider)
        except InvalidError as error:
            said.append(str(error))
    if said:
        outer.faults.setdefault("contracts", []).extend(f"{text} (at index {index})" for text in said)
    return Contract(provider, read) if read is not None else None


def _check_parties(of: content.PactContent, consumer: str, provider: str) -> None:
    for role, named, wanted in (("consumer", of.consumer, consumer), ("provider", of.provider, provider)):
        if named is not None and named != wanted:
            raise InvalidError([f"the {role} in the content is '{named}', but it is published for '{wanted}'"])


def _published(submission: Submission, outcome: Outcome, said: list[tuple[str, str]], urls: Urls) -> Json:
    name, number = submission.pacticipant, submission.number
    return {
        "notices": [{"type": kind, "text": text} for kind, text in said],
        "logs": [{"level": kind, "message": text, "deprecationWarning": "Replaced by notices"} for kind, text in said],
        "_embedded": {
            "pacticipant": pacticipant_stub(name, urls),
            "version": version_stub(name, number, urls),
        },
        "_links": {
            "pb:pacticipant": link(urls.pacticipant(name), title="Pacticipant", name=name),
            "pb:pacticipant-version": link(urls.version(name, number), title="Version", name=number),
            "pb:pacticipant-version-tags": [
                link(urls.tag(name, number, tag), title="Tag", name=tag) for tag in submission.tags
            ],
            "pb:contracts": [
                link(urls.pact(one.pact), title="Pact", name=pact_name(one.pact)) for one in outcome.published
            ],
        },
    }


def _notices(
    submission: Submission, outcome: Outcome, detected: list[list[Detected]], urls: Urls
) -> list[tuple[str, str]]:
    branch = f" with branch {submission.branch}" if submission.branch else ""
    tags = f"{' and' if branch else ' with'} tags {', '.join(submission.tags)}" if submission.tags else ""
    done = "Created" if outcome.created_version else "Updated"
    said = [("debug", f"{done} {submission.pacticipant} version {submission.number}{branch}{tags}")]
    for one, events_of_one in zip(outcome.published, detected, strict=True):
        published, view, *known = _notices_of(one, urls)
        said += [published, view, *event_notices(events_of_one, urls), *known]
    return said


def _notices_of(one: Published, urls: Urls) -> list[tuple[str, str]]:
    pact = one.pact
    which = f"{pact.consumer} version {pact.number} and provider {pact.provider}"
    view = ("debug", f"  View the published pact at {urls.pact(pact)}")
    if one.change is None:
        return [("success", f"Pact published again for {which}: its content is the same."), view]
    said = [("success", f"Pact published for {which}."), view]
    if one.change.since is not None:
        how = "differs from" if one.change.changed else "is the same as"
        said.append(("debug", f"  Its content {how} that of version {one.change.since}, {one.change.where}."))
    if one.verified is None:
        return [*said, ("prompt", f"  {pact.provider} has not verified this content yet.")]
    verdict = "verified" if one.verified.success else "failed to verify"
    text = f"  {pact.provider} {one.verified.provider_number} has {verdict} this content before; the result holds."
    return [*said, ("success" if one.verified.success else "warning", text)]


def put_pact(call: Call) -> Reply:
    """201 when the version had no pact with this provider, 200 when it had this very one.

    PATCH, which merges elsewhere, is the same here: a version's content cannot grow either.
    """
    params = {key: checked_name(value, key) for key, value in call.params.items()}
    read = content.from_bytes(call.body)
    _check_parties(read, params["consumer"], params["provider"])
    submission = Submission(
        params["consumer"], params["version"], None, (), None, (Contract(params["provider"], read),)
    )
    with _explained(call), call.database.write() as tx:
        outcome = publishing.publish(tx, submission, call.now)
        published = outcome.published[0]
        _emit(tx, call, outcome)
        body = pact_body(tx, published.pact, call.urls)
    _compare(call, outcome)
    return Reply(body) if published.repeated else created(body, call.urls.pact(published.pact))


def _compare(call: Call, outcome: Outcome) -> Compared:
    """Compares what is new with what the providers published of themselves, after the writer has been let go."""
    new = [one.pact for one in outcome.published if not one.repeated]
    return bidirectional.compare_pacts(call.database, new, call.now)


def delete_pact(call: Call) -> Reply:
    with call.database.write() as tx:
        removal.remove_pacts(tx, [registry.pact(tx, call.params, call.params["version"])])
    return NO_CONTENT


_PACT = "/pacts/provider/{provider}/consumer/{consumer}/version/{version}"
ROUTES: tuple[Route, ...] = (
    ("POST", "/contracts/publish", publish),
    ("PUT", _PACT, put_pact),
    ("PATCH", _PACT, put_pact),
    ("DELETE", _PACT, delete_pact),
)
