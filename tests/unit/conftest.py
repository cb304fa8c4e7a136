"""Settings of all unit tests."""

from hypothesis import settings

# How long one example takes says more about the machine's other work than about the code.
settings.register_profile("closed-loop", deadline=None)
settings.load_profile("closed-loop")
