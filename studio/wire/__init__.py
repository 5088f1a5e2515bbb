"""Carries everything between a browser and the server."""
