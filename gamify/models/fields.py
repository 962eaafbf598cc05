"""A column type of our own."""

import json
from typing import Any

from django.db import models


class VerbatimJSONField(models.Field[Any, Any]):
    """JSON that stays as it was sent. jsonb would order members its own way, and write 1e22 out as 23 digits, so that
    what is read differs in text from what was written."""

    def db_type(self, connection: Any) -> str:
        return "json"

    def get_prep_value(self, value: Any) -> Any:
        return json.dumps(super().get_prep_value(value), ensure_ascii=False)
