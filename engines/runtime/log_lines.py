"""Removes start-up messages of foreign libraries, which no setting of theirs silences, from the standard error.

mediapipe's C++ writes to the file descriptor itself. A separate process reads every line and passes on all but the ones
named here, so nothing is lost if this process crashes, and no library's output is switched off while an engine runs.
"""

import os
import subprocess
import sys
from contextlib import suppress
from functools import cache

FOREIGN = (
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    b"inference_feedback_manager.cc:114] Feedback manager requires a model with a single signature inference.",
)
"""A line that contains one of these is left out; mediapipe 0.10.21 writes all of them."""


@cache
def leave_foreign_out() -> None:
    """Filter everything that this process writes to its standard error from now on."""
    sys.stderr.flush()
    command = [sys.executable, "-I", "-S", os.path.abspath(__file__)]
    # In its own session it survives the Ctrl-C that stops the studio, until it has passed on the last line.
    passing = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    assert passing.stdin is not None
    os.dup2(passing.stdin.fileno(), sys.stderr.fileno())
    passing.stdin.close()


def main() -> None:
    """Pass on the lines of the standard input."""
    for line in sys.stdin.buffer:
        if not any(words in line for words in FOREIGN):
            with suppress(OSError):  # A full disk takes no line, and may take the next.
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()


if __name__ == "__main__":
    main()
