"""Everybody Dance Now (Chan, Ginosar, Zhou, Efros, ICCV 2019, arXiv:1808.07371)."""
