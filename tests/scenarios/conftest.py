"""What a law found is worth showing when it does not hold."""

import pytest

pytest.register_assert_rewrite("tests.scenarios.laws", "tests.scenarios.machine")
