"""What each paper's page declares, run without a browser."""
