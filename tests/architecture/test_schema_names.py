"""The API reference tells the dialects' types apart."""

from collections import Counter

from rest_framework.serializers import BaseSerializer

from bricqs import urls


def subclasses(parent: type) -> set[type]:
    children: set[type] = set(parent.__subclasses__())
    return children.union(*(subclasses(child) for child in children))


def test_no_two_serializers_have_the_same_name() -> None:
    # The reference keeps types by name, and would show one in the place of the other.
    assert urls.urlpatterns
    ours = [each for each in subclasses(BaseSerializer) if each.__module__.startswith("gamify.")]
    assert [name for name, count in Counter(each.__name__ for each in ours).items() if count > 1] == []
