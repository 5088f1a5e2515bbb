"""A Closed-form Solution to Photorealistic Image Stylization (Li et al., ECCV 2018, arXiv:1802.06474)."""
