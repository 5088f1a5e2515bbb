"""Tests of the studio, by kind; what they share lies in `support`, where an assertion says what it found, too."""

import pytest

pytest.register_assert_rewrite("tests.support")
