"""The console's pages about keys and people."""

from tenants.admin import keys, people

__all__ = ["keys", "people"]
