"""What SAGAN and BigGAN share: parts of their networks, their training, and the judge of their pictures."""
