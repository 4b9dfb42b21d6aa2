"""Settings of all tests."""

from hypothesis import HealthCheck, settings

# How fast an example is made says something about the machine's other work, not about the code.
settings.register_profile("hydronum", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hydronum")
