import re
from pathlib import Path

import pytest

from segsweep.spec.catalogue import ENTRIES, resolve

PAGE = (Path(__file__).parents[2] / "docs" / "losses.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells
    for line in PAGE.splitlines()
    if line.startswith("| `")
    for cells in [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]]
}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_loss_has_a_line_with_its_formula_arguments_and_source(entry):
    _, formula, arguments, source = ROWS[entry.name]
    assert formula == entry.formula
    assert re.findall(r"`(\w+)`", arguments) == [parameter.name for parameter in entry.parameters]
    assert source == entry.source


@pytest.mark.parametrize(
    "parameter",
    {each.name: each for entry in ENTRIES for each in entry.parameters}.values(),
    ids=lambda each: each.name,
)
def test_every_argument_has_a_line_with_what_is_allowed(parameter):
    lines = [line.replace("\\|", "|") for line in PAGE.splitlines() if line.startswith(f"| `{parameter.name}` |")]
    assert any(parameter.kind.allowed in line and parameter.meaning in line for line in lines)


def test_the_page_names_no_loss_that_does_not_exist():
    table = PAGE.split("## Arguments")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert named == [entry.name for entry in ENTRIES]
    assert [resolve(name, {}).name for name in named] == named


def test_the_example_runs():
    example = PAGE.split("```python\n")[1].split("```")[0]
    exec(compile(example, "docs/losses.md", "exec"), {})
