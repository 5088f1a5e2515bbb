"""Papers that only tests have, each in a folder as it would lie in pages/."""
