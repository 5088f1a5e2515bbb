"""Spherical CNNs (Cohen, Geiger, Köhler, Welling, ICLR 2018, arXiv:1801.10130)."""
