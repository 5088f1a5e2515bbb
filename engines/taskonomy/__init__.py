"""Taskonomy (Zamir et al., CVPR 2018, arXiv:1804.08328)."""
