from django.apps import AppConfig


class EngagementsConfig(AppConfig):
    name = "engagements"

    def ready(self) -> None:
        # Registers who may read across origins.
        from engagements import cors  # noqa: F401 - registers itself
