"""Holds what two papers or more compute with."""
