"""The page of what was measured: a proof that ran again replaces its own part, and nothing else."""

from pathlib import Path

from benchmarks.proof import END, START, Outcome, Proof, write

FIRST, SECOND = Proof("weights verify", "sums"), Proof("benchmarks memory", "memory")


def test_a_proof_that_runs_again_replaces_its_own_part(tmp_path: Path) -> None:
    page = tmp_path / "measured.md"
    page.write_text(f"# Before\n\n{START}\n\n{END}\n\nAfter\n")
    write([Outcome(FIRST, ["all unaltered"], 0, 1.0), Outcome(SECOND, ["1,200 MB"], 0, 60.0)], page)
    write([Outcome(SECOND, ["1,300 MB"], 1, 61.0)], page)
    text = page.read_text()
    assert text.startswith("# Before\n") and text.endswith("After\n")
    assert "all unaltered" in text and "1,200 MB" not in text
    assert text.count("### `python -m benchmarks memory`") == 1
    assert "FAILED, exit status 1 in 61 s" in text and "1,300 MB" in text
    assert text.count("Commit ") == 2, "each part says on which commit and machine it ran"
