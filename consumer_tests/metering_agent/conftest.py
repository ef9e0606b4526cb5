import pytest


@pytest.fixture(scope="session")
def consumer() -> str:
    return "metering-agent"
