"""What computes: networks, transforms, losses and training, at tiny sizes and against parity vectors."""
