import csv
import filecmp
from pathlib import Path

import pytest

from segsweep.reports.theory_figures import write_theory
from segsweep.reports.theory_tables import theory_tables

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> list[Path]:
    return write_theory(tmp_path_factory.mktemp("theory") / "new")


def test_tables_and_figures_are_written(written):
    assert [path.name for path in written] == [
        "theory.md",
        "critical_probability.csv",
        "local_flip.csv",
        "mean_bias.csv",
        "approximation_error.csv",
        "volume_bias.svg",
        "approximation_bounds.svg",
        "empty_label_gradient.svg",
    ]
    assert all(path.stat().st_size > 0 for path in written)


def test_a_csv_has_all_digits_of_its_table(written):
    with written[1].open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    table = theory_tables()[0]
    assert tuple(rows[0]) == table.columns
    assert float(rows[1][-1]) == table.rows[0][-1]
    assert len(rows) == len(table.rows) + 1


def test_the_docs_hold_the_computed_tables(written):
    page = (DOCS / "theory.md").read_text(encoding="utf-8")
    for section in written[0].read_text(encoding="utf-8").split("\n## ")[1:]:
        assert section.strip() in page


def test_the_docs_show_figures_that_exist():
    for page in ("theory.md", "gradients.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        figures = [part.split(")")[0] for part in text.split("](figures/")[1:]]
        assert figures
        assert all((DOCS / "figures" / name).is_file() for name in figures)


@pytest.mark.slow
def test_equal_numbers_give_equal_files(written, tmp_path):
    again = write_theory(tmp_path)
    assert all(filecmp.cmp(one, other, shallow=False) for one, other in zip(written, again, strict=True))
