"""Checkpoints on this machine: the manifest, the bundled ones with their cards, and `python -m weights`."""
