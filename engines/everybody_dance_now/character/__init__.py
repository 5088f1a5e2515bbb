"""People who do not exist, drawn by this project: targets and sources of dances that need nobody's picture."""
