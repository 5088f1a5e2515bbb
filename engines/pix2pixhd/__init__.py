"""The networks of pix2pixHD (Wang et al., 2018, arXiv:1711.11585), which Everybody Dance Now and vid2vid build on."""
