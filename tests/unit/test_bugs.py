"""A bug is in the log once with its traceback, and each time that it comes with a number of its own."""

import logging
import re

import pytest

from engines.runtime.bugs import sentence
from engines.runtime.errors import InputError


def raised(words: str) -> Exception:
    try:
        raise ZeroDivisionError(words)
    except ZeroDivisionError as error:
        return error


def test_a_bug_that_comes_again_takes_a_line(caplog: pytest.LogCaptureFixture) -> None:
    bugs = [raised("first"), raised("second")]
    with caplog.at_level(logging.ERROR):
        told = [sentence(bug) for bug in bugs] + [sentence(bugs[0])]
    numbers = [re.findall(r"in the log as (\w{8})", words)[0] for words in told]
    assert numbers[0] == numbers[2] != numbers[1]
    first, again = caplog.records
    assert first.getMessage() == f"bug {numbers[0]}" and first.exc_info
    assert again.getMessage() == f"bug {numbers[1]} is bug {numbers[0]} again" and not again.exc_info


def test_what_a_visitor_can_act_on_is_no_bug(caplog: pytest.LogCaptureFixture) -> None:
    assert sentence(InputError("Choose another.")) == "Choose another." and not caplog.records
