"""What computes: one package per paper, and the runtime that all of them share. No user interface is imported here."""
