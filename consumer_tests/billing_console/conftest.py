import pytest


@pytest.fixture(scope="session")
def consumer() -> str:
    return "billing-console"
