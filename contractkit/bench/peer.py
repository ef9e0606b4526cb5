"""The peer of the comparison: Connexion as its documentation sets it up, with its own validators and its own mock.

    python -m contractkit.bench.peer DOCUMENT PORT

By its defaults it validates requests and not replies, which our stub does too: the comparison is the harder one for
the stub. One thing is added, as nothing could be compared without it: the mock says that its reply is JSON.
"""

import argparse
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from connexion import AsyncApp
from connexion.mock import MockResolver


class JsonMock(MockResolver):  # type: ignore[misc]  # Connexion has no types
    """Connexion's mock, which names no media type; where errors have another one Connexion then answers 500."""

    def mock_operation(self, operation: Any, *_arguments: Any, **_named: Any) -> tuple[Any, int, dict[str, str]]:
        body, status = super().mock_operation(operation)
        return body, status, {"Content-Type": "application/json"}


def create_app(document: Path) -> AsyncApp:
    """Connexion with its own validators and its own mock, for a document in JSON."""
    app = AsyncApp(__name__)
    app.add_api(orjson.loads(document.read_bytes()), resolver=JsonMock(mock_all=True))
    return app


def main() -> None:
    """Serves the peer on 127.0.0.1 until it is ended, with the server settings that our stub has too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    uvicorn.run(
        create_app(given.document),
        host="127.0.0.1",
        port=given.port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
