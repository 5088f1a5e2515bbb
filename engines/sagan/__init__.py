"""Self-Attention Generative Adversarial Networks (Zhang et al., 2018, arXiv:1805.08318)."""
