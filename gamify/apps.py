from django.apps import AppConfig


class GamifyConfig(AppConfig):
    name = "gamify"
    # Above its pages in the console.
    verbose_name = "Programme"

    def ready(self) -> None:
        # Registers how authentication is drawn in the API reference.
        from gamify.http import openapi  # noqa: F401
