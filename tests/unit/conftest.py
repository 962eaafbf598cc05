"""How Hypothesis runs here: on a busy machine, being slow is no failure."""

from hypothesis import HealthCheck, settings

settings.register_profile("bricqs", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bricqs")
