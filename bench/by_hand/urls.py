"""What `manage.py serve` serves for the benchmark, beside the product."""

from django.urls import path

from bench.by_hand.views import AwardViewSet, EmptyViewSet, KeyedViewSet
from bricqs import health

urlpatterns = [
    path("readyz", health.readyz),
    path("bench/empty", EmptyViewSet.as_view({"get": "empty"})),
    path("bench/keyed", KeyedViewSet.as_view({"get": "empty"})),
    path("bench/award", AwardViewSet.as_view({"post": "award"})),
]
