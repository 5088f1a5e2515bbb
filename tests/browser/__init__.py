"""What a visitor sees, in Chromium."""
