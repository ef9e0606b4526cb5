"""Whatever people and builds write into the broker stays text on every page and picture that it draws."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest
from attrs import Factory, define

from broker.pages import PAGES
from broker.routes import ROUTES
from broker.tests.served import Broker, Json, encoded_contract, pact

# It would end an attribute, a comment, a script, a style and a title, and would be computed by a template.
_EVIL = "\"'--></script></style></title><xss onxss=1>{{7*191}}&lt;"
_SCRIPT_URLS = (
    "javascript:alert(1)//https://x.test",
    "data:text/html,<xss>",
    "JaVaScRiPt:xss()",
    "https://x.test/<xss>",
)
_HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def poisoned(broker: Broker) -> Broker:
    """A broker that holds the evil text wherever a client can put it."""
    document = pact(_EVIL, f"{_EVIL} API", _EVIL)
    (interaction,) = document["interactions"]
    interaction |= {
        "providerStates": [{"name": _EVIL, "params": {_EVIL: _EVIL}}],
        "comments": {"text": [_EVIL], "testname": _EVIL},
        "pending": False,
    }
    interaction["request"] |= {"query": {_EVIL: [_EVIL]}, "headers": {_EVIL: [_EVIL]}, "body": _body()}
    interaction["response"] |= {"headers": {_EVIL: [_EVIL]}, "body": _body(), "matchingRules": _rules()}
    message = {"type": "Asynchronous/Messages", "description": f"m {_EVIL}", "contents": _body()}
    document["interactions"].append(message | {"metadata": {_EVIL: _EVIL}})
    for number, build_url in enumerate(_SCRIPT_URLS):
        body = {
            "pacticipantName": _EVIL,
            "pacticipantVersionNumber": f"{_EVIL}{number}",
            "branch": _EVIL,
            "tags": [_EVIL],
            "buildUrl": build_url,
            "contracts": [encoded_contract(document)],
        }
        reply = broker.client.post("/contracts/publish", json=body)
        if not reply.is_success:
            assert reply.status_code == 400
            broker.ask("POST", "/contracts/publish", {**body, "buildUrl": None}, status=200)
        interaction["description"] += "."
        _record(broker, f"{_EVIL}{number}", build_url)
    for name, address in (("Other", _SCRIPT_URLS[0]), (_EVIL, _SCRIPT_URLS[2])):
        changes = {"displayName": _EVIL, "repositoryUrl": address, "mainBranch": _EVIL}
        broker.client.put(f"/pacticipants/{_q(name)}/labels/{_q(_EVIL)}", json={})
        if broker.client.patch(f"/pacticipants/{_q(name)}", json=changes).status_code == 400:
            del changes["repositoryUrl"]
            broker.client.patch(f"/pacticipants/{_q(name)}", json=changes)
    _deploy(broker)
    return broker


def _record(broker: Broker, version: str, build_url: str) -> None:
    place = f"/pacts/provider/{_q(_EVIL + ' API')}/consumer/{_q(_EVIL)}/version/{_q(version)}"
    href = broker.get(place)["_links"]["pb:publish-verification-results"]["href"]
    mismatch = {"attribute": "body", "identifier": _EVIL, "description": _EVIL, "mismatch": _EVIL}
    result: Json = {
        "success": version.endswith("0"),
        "providerApplicationVersion": version,
        "buildUrl": build_url,
        "testResults": [{"interactionId": _EVIL, "interactionDescription": _EVIL, "success": False,
                         "mismatches": [mismatch], "exceptions": [{"message": _EVIL, "exceptionClass": _EVIL}]}],
        "verifiedBy": {"implementation": _EVIL, "version": _EVIL, "clientLanguage": {"name": _EVIL}},
    }  # fmt: skip
    if not broker.client.post(href, json=result).is_success:
        broker.ask("POST", href, {**result, "buildUrl": None}, status=201)


def _deploy(broker: Broker) -> None:
    contacts = [{"name": _EVIL, "details": {"emailAddress": _EVIL}}]
    body = {"name": _EVIL, "displayName": _EVIL, "production": True, "contacts": contacts}
    uuid = broker.ask("POST", "/environments", body, status=201)["uuid"]
    broker.deploy(_EVIL, f"{_EVIL}0", uuid, _EVIL)
    broker.release(f"{_EVIL} API", f"{_EVIL}1", uuid)
    hook = {
        "description": _EVIL,
        "provider": {"name": f"{_EVIL} API"},
        "events": [{"name": "contract_published"}],
        "request": {"method": "POST", "url": "http://127.0.0.1:9/<xss>", "headers": {"x-evil": _EVIL}, "body": _EVIL},
    }
    broker.ask("POST", "/webhooks", hook, status=201)


def _q(name: str) -> str:
    return quote(name, safe="")


def _body() -> Json:
    return {"content": {_EVIL: [_EVIL]}, "contentType": f"application/json;{_EVIL}", "encoded": False}


def _rules() -> Json:
    return {"body": {"$": {"combine": "AND", "matchers": [{"match": "regex", "regex": _EVIL}, {"match": _EVIL}]}}}


@define
class _Page(HTMLParser):
    """What a browser would find in a page: its addresses, and what should not be there."""

    own: str
    addresses: list[str] = Factory(list)
    faults: list[str] = Factory(list)
    _inside: str = ""

    def __attrs_pre_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        if tag in ("xss", "iframe", "object", "embed", "base", "style"):
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.faults.append(f"{name}={value}")
            if name in ("href", "src", "action", "formaction", "xlink:href", "poster"):
                self._address(tag, value or "")

    def _address(self, tag: str, value: str) -> None:
        # A browser drops white space and control characters inside a scheme.
        scheme = urlsplit(re.sub(r"[\x00-\x20]", "", value)).scheme
        if scheme not in ("", "http", "https", "mailto"):
            self.faults.append(f"<{tag}> leads to {value}")
        if tag in ("script", "link", "img") and urlsplit(urljoin(self.own, value)).netloc != urlsplit(self.own).netloc:
            self.faults.append(f"<{tag}> loads {value}")
        if tag == "a":
            self.addresses.append(urljoin(self.own, value))

    def handle_data(self, data: str) -> None:
        if self._inside == "script" and data.strip():
            self.faults.append(f"a script in the page: {data[:80]}")
        if "1337" in data:
            self.faults.append("a template computed what a client wrote")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  # the parser calls it so
        self._inside = ""


def _read(reply: httpx.Response) -> _Page:
    page = _Page(str(reply.url))
    page.feed(reply.text)
    if "script-src" not in reply.headers.get("content-security-policy", ""):
        page.faults.append("no content security policy")
    return page


def test_no_page_that_can_be_reached_shows_more_than_text(poisoned: Broker) -> None:
    waiting, seen, faults = [f"{poisoned.url}/"], set[str](), list[str]()
    while waiting and len(seen) < 150:
        address = waiting.pop(0)
        if address in seen or not address.startswith(poisoned.url):
            continue
        seen.add(address)
        reply = poisoned.client.get(address, headers=_HTML)
        if reply.status_code >= 400:
            faults.append(f"{address}: {reply.status_code}")
        if "html" not in reply.headers.get("content-type", ""):
            continue
        page = _read(reply)
        faults += [f"{address}: {fault}" for fault in page.faults]
        waiting += [found.partition("#")[0] for found in page.addresses]
    assert not faults, "\n".join(faults)
    assert len(seen) > 5, "the first page leads nowhere"


_DRAWN = sorted({path for method, path, _ in (*PAGES, *ROUTES) if method == "GET"})


@pytest.mark.parametrize("path", _DRAWN)
def test_no_address_shows_more_than_text(poisoned: Broker, path: str) -> None:
    uuid = poisoned.get("/environments")["_embedded"]["environments"][0]["uuid"]
    values = {"provider": f"{_EVIL} API", "version": f"{_EVIL}0", "uuid": uuid, "environment": uuid, "number": "1"}
    query = f"?q[][pacticipant]={_q(_EVIL)}&q[][version]={_q(_EVIL)}&tags={_q(_EVIL)}&environment={_q(_EVIL)}"
    filled = re.sub(r"\{(\w+)\}", lambda found: _q(values.get(found[1], _EVIL)), path)
    for address in (filled, filled + query):
        reply = poisoned.client.get(address, headers=_HTML)
        kind = reply.headers.get("content-type", "")
        assert reply.status_code < 500, reply.text
        assert reply.headers["x-content-type-options"] == "nosniff"
        if "html" in kind:
            assert not _read(reply).faults
        if "svg" in kind:
            assert "<xss" not in reply.text
            assert "<script" not in reply.text
