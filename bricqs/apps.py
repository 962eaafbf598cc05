"""The project's own app: commands that run the service, and checks of how it is set up."""

from django.apps import AppConfig


class BricqsConfig(AppConfig):
    name = "bricqs"

    def ready(self) -> None:
        from bricqs import checks

        checks.register()
