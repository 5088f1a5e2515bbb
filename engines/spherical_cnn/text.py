"""Text files as visitors bring them: of any byte order mark and any ends of lines, read a line at a time."""

import codecs
import io
from collections.abc import Iterator
from itertools import count

from engines.runtime.errors import InputError

ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""By the byte order mark that a file begins with; without one it is UTF-8."""
MOST_LINES = 2_000_000
"""As a mesh of 200,000 triangles has that share no vertex, normal or place of a texture."""
LONGEST_LINE = 100_000
"""Characters."""


def lines(content: bytes) -> Iterator[str]:
    """Yield the lines of a text file without their ends; what is no text becomes replacement characters.

    Raises:
        InputError: a line is too long, or there are too many; when the reader comes there.
    """
    encoding = next((name for mark, name in ENCODINGS.items() if content.startswith(mark)), "utf-8")
    # Two programs that each turn "\n" into "\r\n" leave this.
    file = io.TextIOWrapper(io.BytesIO(content.replace(b"\r\r\n", b"\n")), encoding, "replace")
    for number in count(1):
        line = file.readline(LONGEST_LINE + 1)
        if not line:
            return
        if number > MOST_LINES:
            raise InputError(f"The file has more than {MOST_LINES:,} lines; choose a smaller one.")
        line = line.removesuffix("\n")
        if len(line) > LONGEST_LINE:
            raise InputError(f"Line {number} of the file has more than {LONGEST_LINE:,} characters; break it up.")
        yield line
