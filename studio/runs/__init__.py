"""Runs what a page declares, for every face alike."""
