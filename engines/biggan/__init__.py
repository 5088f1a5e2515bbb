"""Large Scale GAN Training for High Fidelity Natural Image Synthesis (Brock et al., 2018, arXiv:1809.11096)."""
