"""What the ORM cannot say about the ledger's tables: see sql/0002_ledger.sql."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("gamify", "0001_initial")]
    operations = [migrations.RunSQL((SQL / "0002_ledger.sql").read_text(), (SQL / "0002_ledger.undo.sql").read_text())]
