"""Holds the networks of pix2pixHD (Wang et al., 2018, arXiv:1711.11585), for Everybody Dance Now and vid2vid."""
