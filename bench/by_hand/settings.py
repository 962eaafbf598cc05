"""The product's settings; only the routes are the benchmark's."""

from bricqs.settings import *  # noqa: F403 - Django reads whatever names a settings module has

ROOT_URLCONF = "bench.by_hand.urls"
