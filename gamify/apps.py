from django.apps import AppConfig


class GamifyConfig(AppConfig):
    name = "gamify"

    def ready(self) -> None:
        # Registers how authentication is drawn in the API reference.
        from gamify.http import openapi  # noqa: F401
