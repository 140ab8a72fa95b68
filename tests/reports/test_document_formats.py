"""One small document in every format, compared whole with the files in `golden/`.

To accept a change: `python tests/reports/record_golden.py`, then read the difference.
"""

from pathlib import Path

import pytest
from golden_document import ANSWER, SECTIONS, TABLE, rendered

from segsweep.reports.latex import escaped, latex_text
from segsweep.reports.markdown import markdown
from segsweep.reports.page import page

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["document.md", "table.csv", "table.tex", "document.html"])
def test_format_equals_its_golden_file(name: str) -> None:
    path = GOLDEN / name
    assert path.exists(), f"{path} is missing; run: python tests/reports/record_golden.py"
    same = rendered()[name] == path.read_text(encoding="utf-8")
    assert same, f"{name} differs from its golden file; run: python tests/reports/record_golden.py, then git diff"


def test_names_from_users_are_never_markup() -> None:
    html = page("<script>alert(1)</script>", "a & b", ANSWER, SECTIONS)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<img src=x" not in html
    assert "a &amp; b" in html


def test_the_page_asks_for_nothing() -> None:
    html = page("x", "y", ANSWER, SECTIONS)
    assert "default-src 'none'" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html
    assert "<link" not in html


def test_markdown_escapes_what_would_be_markup_and_nothing_else() -> None:
    text = markdown("a|b *c* <img src=x>", "0.82 [0.80, 0.84] p < 0.001 a_b", ANSWER, ())
    assert text.startswith("# a\\|b \\*c\\* \\<img src=x>\n\n0.82 [0.80, 0.84] p < 0.001 a_b\n")


def test_latex_escapes_every_special_letter() -> None:
    assert escaped("50 % of a_b & c#1 {x} ~ ^ \\ $") == (
        r"50 \% of a\_b \& c\#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{} \$"
    )


def test_latex_rows_have_as_many_cells_as_columns() -> None:
    body = latex_text(TABLE).split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert {line.count(" & ") for line in body.strip().splitlines()} == {len(TABLE.columns) - 1}
