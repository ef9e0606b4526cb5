import pytest


@pytest.fixture(scope="session")
def consumer() -> str:
    return "usage-calculator"
