from pathlib import Path

from segsweep.reports.importing.case_file import KNOWN
from segsweep.spec.report_settings import ReportSettings

DOCS = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")


def test_every_setting_stands_in_the_docs_with_its_default() -> None:
    for name, field in ReportSettings.model_fields.items():
        assert f"| `{name}` | `{field.default}` |" in DOCS


def test_every_column_of_a_foreign_file_stands_in_the_docs() -> None:
    assert [name for name in KNOWN if f"`{name}`" not in DOCS] == []
