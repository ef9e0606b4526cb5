"""What the scene does not have: pacts of every kind, an OpenAPI document that one of them does not fit, webhooks."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from broker.tests.pages.scene import SCRIPT, publish, verify
from broker.tests.served import Broker, Json

NOBODY = "http://127.0.0.1:1/hooks?token=s3cret-in-query"
HOOK, BROKEN_HOOK = "hook-of-the-story-1", "hook-of-the-story-2"
PAIR = ("gift-shop", "search-api")
SECRET = "s3cret-in-header"


def fill(broker: Broker, receiver: str) -> None:
    """`receiver` is where a webhook is answered."""
    _webhook(broker, HOOK, "Start the provider's build", receiver, ["contract_published"])
    _webhook(broker, BROKEN_HOOK, f"Tell the chat {SCRIPT}", NOBODY, ["contract_content_changed"])
    publish(broker, gifts("$.hits[*].id"), "0.9")
    sha = publish(broker, gifts("$.hits[*].score"), "1.0", "main", "prod")
    verify(broker, PAIR, sha, "5.0")
    publish(broker, old_forms(), "1.0")
    publish(broker, messages(), "1.0")
    _document(broker)
    _delivered(broker)


def _webhook(broker: Broker, uuid: str, description: str, url: str, events: list[str]) -> None:
    request = {
        "method": "POST",
        "url": url,
        "headers": {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"},
        "body": {"consumer": "${pactbroker.consumerName}", "pact": "${pactbroker.pactUrl}"},
    }
    body = {"description": description, "events": [{"name": name} for name in events], "request": request}
    broker.ask("PUT", f"/webhooks/{uuid}", body, status=201)


def _delivered(broker: Broker) -> None:
    """Waits until every call has been tried once."""
    for _ in range(100):
        found = [
            one
            for uuid in (HOOK, BROKEN_HOOK)
            for one in broker.get(f"/webhooks/{uuid}/deliveries")["_embedded"]["deliveries"]
        ]
        if found and all(one["attemptsMade"] for one in found):
            return
        time.sleep(0.05)
    raise AssertionError("webhooks were not called")


def gifts(rule: str) -> Json:
    """A V4 pact with rules of many kinds, which its provider's document does not fit."""
    kinds: Json = {
        "$.hits": {"matchers": [{"match": "type", "min": 1, "max": 10}]},
        "$.hits[*].id": {"matchers": [{"match": "regex", "regex": "g-[0-9]+"}]},
        rule: {"matchers": [{"match": "decimal"}]},
        "$.facets": {"matchers": [{"match": "eachKey", "rules": [{"match": "regex", "regex": "[a-z]+"}]}]},
        "$.facets.*": {"matchers": [{"match": "integer"}, {"match": "null"}], "combine": "OR"},
        "$.asOf": {"matchers": [{"match": "datetime", "format": "yyyy-MM-dd'T'HH:mm:ssXXX"}]},
    }
    content = {
        "hits": [{"id": "g-12", "score": 0.93, "title": "Mug “Teapot”", "tags": []}],
        "facets": {"kitchen": 12, "garden": None},
        "asOf": "2026-11-21T10:00:00+00:00",
        "more": False,
    }
    search = {
        "type": "Synchronous/HTTP",
        "description": "a search for gifts",
        "providerStates": [{"name": "gifts exist", "params": {"count": 12}}, {"name": "the index is fresh"}],
        "request": {
            "method": "GET",
            "path": "/search",
            "query": {"q": ["mug"], "page": ["1"]},
            "headers": {"Accept": ["application/json"], "X-Trace": ["4bf92f35"]},
            "matchingRules": {
                "query": {"page": {"matchers": [{"match": "integer"}]}},
                "header": {"X-Trace": {"matchers": [{"match": "regex", "regex": "[0-9a-f]{8}"}]}},
            },
            "generators": {"header": {"X-Trace": {"type": "RandomHexadecimal", "digits": 8}}},
        },
        "response": {
            "status": 200,
            "headers": {"Content-Type": ["application/json"]},
            "body": {"contentType": "application/json", "encoded": False, "content": content},
            "matchingRules": {"body": kinds, "status": {"matchers": [{"match": "statusCode", "status": "success"}]}},
        },
    }
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40).decode()
    image = {
        "type": "Synchronous/HTTP",
        "description": "the picture of a gift",
        "request": {"method": "GET", "path": "/gifts/12/picture"},
        "response": {
            "status": 200,
            "body": {"contentType": "image/png", "encoded": "base64", "content": picture},
            "matchingRules": {"body": {"$": {"matchers": [{"match": "contentType", "value": "image/png"}]}}},
        },
    }
    beam = {
        "type": "Teleport/Beam",
        "description": "a gift is beamed to its owner",
        "beam": {"width": 3, "unit": "m"},
        "pluginConfiguration": {"teleport": {"version": "0.1"}},
    }
    return {
        "consumer": {"name": PAIR[0]},
        "provider": {"name": PAIR[1]},
        "interactions": [search, image, beam],
        "metadata": {"pactSpecification": {"version": "4.0"}, "pactRust": {"ffi": "0.4.28", "models": "1.3.5"}},
    }


def old_forms() -> Json:
    """A V2 pact: rules by path from the message, a form, XML."""
    return {
        "consumer": {"name": PAIR[0]},
        "provider": {"name": "print-service"},
        "interactions": [
            {
                "description": "a card to print",
                "providerState": "the printer is on",
                "request": {
                    "method": "post",
                    "path": "/cards",
                    "query": "format=A6&copies=2",
                    "headers": {"Content-Type": "application/x-www-form-urlencoded"},
                    "body": "text=Happy+birthday&from=Ana%20%26%20Bo",
                    "matchingRules": {"$.query.copies": {"match": "regex", "regex": "[1-9]"}},
                },
                "response": {
                    "status": 200,
                    "headers": {"Content-Type": "application/xml"},
                    "body": '<?xml version="1.0"?>\n<card id="7">\n  <state>queued</state>\n</card>',
                    "matchingRules": {"$.body.card['@id']": {"match": "type"}},
                },
            }
        ],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    }


def messages() -> Json:
    """V4 messages, one of them with replies."""
    body: Any = {"contentType": "application/json", "encoded": False, "content": {"gift": "g-12", "left": 3}}
    return {
        "consumer": {"name": PAIR[0]},
        "provider": {"name": "stock-events"},
        "interactions": [
            {
                "type": "Synchronous/Messages",
                "description": "a question for the stock",
                "request": {"contents": body, "metadata": {"queue": "stock"}},
                "response": [
                    {"contents": body, "matchingRules": {"body": {"$.left": {"matchers": [{"match": "integer"}]}}}},
                    {"contents": {"contentType": "text/plain", "encoded": False, "content": "none left"}},
                ],
            },
        ],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def _document(broker: Broker) -> None:
    schema = {
        "type": "object",
        "required": ["hits"],
        "properties": {
            "hits": {"type": "array", "items": {"$ref": "#/components/schemas/Hit"}},
            "facets": {"type": "object", "additionalProperties": {"type": "integer"}},
            "asOf": {"type": "string"},
        },
        "additionalProperties": False,
    }
    hit = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "score": {"type": "string"}, "title": {"type": "string"}},
    }
    search = {
        "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "hits", "content": {"application/json": {"schema": schema}}}},
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Search", "version": "1"},
        "paths": {"/search": {"get": search}},
        "components": {"schemas": {"Hit": hit}},
    }
    contract = {
        "specification": "oas",
        "contentType": "application/json",
        "content": base64.b64encode(json.dumps(document).encode()).decode(),
        "selfVerificationResults": {"success": True, "verifier": "schemathesis"},
    }
    body = {"pacticipantVersionNumber": "6.0", "branch": "main", "contract": contract}
    broker.ask("POST", "/provider-contracts/provider/search-api/publish", body, status=200)


@contextmanager
def receiver() -> Iterator[str]:
    """Answers every webhook with 200; the address to call."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"started": true}')

        def log_message(self, *_: object) -> None:
            """Nothing: the tests' output is for tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/builds"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
