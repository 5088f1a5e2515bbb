"""Video-to-Video Synthesis (Wang et al., NeurIPS 2018, arXiv:1808.06601)."""
