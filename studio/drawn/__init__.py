"""Draws on the server: pages' text, tables, curves, globes, graphs and heat maps."""
