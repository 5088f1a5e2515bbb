"""Holds what SAGAN and BigGAN share: parts of their networks, their training, and the judges of their pictures."""
