"""What tests share."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
"""Data, published results and recordings that lie beside the repository; a test that needs them skips without."""
VECTORS = ROOT / "tests" / "vectors"
"""Small parity vectors, at least one of each architecture, which every checkout has."""
