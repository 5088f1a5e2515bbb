"""Files that are nearly right, for property tests of readers."""

from collections.abc import Sequence

from hypothesis import strategies as st


def edited(files: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of these files with up to four places in it replaced, left out or written twice."""
    pieces = st.binary(max_size=4) | st.sampled_from(
        [b"", b"\n", b"\r", b"-", b"0", b"9" * 30, b"1e999", b"nan", b"\\\n"]
    )
    edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), pieces), min_size=1, max_size=4)
    return st.builds(_edited, st.sampled_from(files), edits)


def _edited(content: bytes, edits: Sequence[tuple[float, int, bytes]]) -> bytes:
    for where, length, piece in edits:
        place = round(where * len(content))
        content = content[:place] + piece + content[place + length :]
    return content
