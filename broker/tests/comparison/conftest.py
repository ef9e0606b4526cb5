from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--with-peer",
        metavar="NODE_MODULES",
        help="ask @pactflow/openapi-pact-comparator, installed there, what it says of the cases",
    )
