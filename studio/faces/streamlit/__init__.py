"""Holds the studio's second face."""
