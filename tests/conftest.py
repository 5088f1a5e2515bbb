"""Settings that hold for every test."""

from hypothesis import settings

# Time is measured where a test says so; elsewhere a busy machine must not decide.
settings.register_profile("studio", deadline=None)
settings.load_profile("studio")
