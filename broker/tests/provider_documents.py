"""What providers publish in tests: small OpenAPI documents, and the request that publishes one."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from broker.tests.served import Broker, Json


def openapi(*paths: str, status: int = 200) -> bytes:
    """A document in which GET of each path gives `status`; served.pact("…", "a") fits one with "/a"."""
    operation = {"get": {"responses": {str(status): {"description": "as promised"}}}}
    document = {"openapi": "3.0.3", "info": {"title": "Bar", "version": "1"}, "paths": dict.fromkeys(paths, operation)}
    return json.dumps(document).encode()


def publication(
    raw: bytes, version: str, *, verified: bool | None = True, branch: str | None = None, tags: Sequence[str] = ()
) -> Json:
    contract: Json = {
        "specification": "oas",
        "contentType": "application/json",
        "content": base64.b64encode(raw).decode(),
    }
    if verified is not None:
        contract["selfVerificationResults"] = {"success": verified, "verifier": "schemathesis", "verifierVersion": "4"}
    return {"pacticipantVersionNumber": version, "branch": branch, "tags": list(tags), "contract": contract}


def offer(
    broker: Broker,
    version: str,
    *paths: str,
    verified: bool | None = True,
    branch: str | None = None,
    provider: str = "Bar",
) -> Json:
    """Publishes a document with these paths for a provider version."""
    body = publication(openapi(*paths), version, verified=verified, branch=branch)
    return broker.ask("POST", f"/provider-contracts/provider/{provider}/publish", body, status=200)
