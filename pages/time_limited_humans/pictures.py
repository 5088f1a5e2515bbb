"""Pictures that experiments on time-limited humans share."""

from pages.examples import examples

PHOTOGRAPHS = examples("temple", "coffee", "cat", "flower", "astronaut")
GREY = 128
ALPHA = 0.01
"""Radians between what a retina tells apart, by radian of eccentricity, as this project chose it."""
