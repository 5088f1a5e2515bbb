"""Holds the studio's main face."""
