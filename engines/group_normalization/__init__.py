"""Group Normalization (Wu and He, ECCV 2018, arXiv:1803.08494)."""
