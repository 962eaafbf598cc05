"""The product's settings; only the routes are the benchmark's."""

from bricqs.settings import *  # noqa: F403

ROOT_URLCONF = "bench.by_hand.urls"
