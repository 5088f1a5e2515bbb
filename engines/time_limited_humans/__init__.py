"""Adversarial Examples that Fool both Computer Vision and Time-Limited Humans (Elsayed et al., 2018)."""
