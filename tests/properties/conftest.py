"""Hypothesis for the whole folder: no deadlines (nothing here is timed), nothing kept on disk."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "tidegate",
    deadline=None,
    database=None,
    max_examples=100,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tidegate")
