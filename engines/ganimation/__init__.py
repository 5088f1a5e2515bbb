"""GANimation: Anatomically-aware Facial Animation from a Single Image (Pumarola et al., 2018, arXiv:1807.09251)."""
