"""Tables as LaTeX for papers: booktabs rules, the caption's marks, nothing to mend by hand."""

import re

from segsweep.reports.document import Cell, Mark, Table

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    "−": "$-$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "×": r"$\times$",
    "Φ": r"$\Phi$",
    "ε": r"$\varepsilon$",
    "Δ": r"$\Delta$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "τ": r"$\tau$",
    "²": r"\textsuperscript{2}",
    "▲": r"$\blacktriangle$",
    "▼": r"$\blacktriangledown$",
    "–": "--",
    "\u202f": r"\,",
}
_SPECIAL = re.compile("|".join(re.escape(symbol) for symbol in _ESCAPES))


def latex_text(table: Table) -> str:
    r"""One floating table; needs `\usepackage{booktabs}` and, for matrices, `amssymb`.

    Column headings become cells of a tabular without vertical lines: text left, numbers right.
    """
    alignment = "".join("r" if column.numeric else "l" for column in table.columns)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(table.caption)}.{' ' + escaped(table.note) if table.note else ''}}}",
        rf"\label{{tab:{table.slug}}}",
        rf"\begin{{tabular}}{{@{{}}{alignment}@{{}}}}",
        r"\toprule",
        " & ".join(escaped(column.title) for column in table.columns) + r" \\",
        r"\midrule",
        *(" & ".join(_cell(cell) for cell in row) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Words that LaTeX prints as they are."""
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text)


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    for mark, command in ((Mark.UNDERLINE, "underline"), (Mark.ITALIC, "textit"), (Mark.BOLD, "textbf")):
        if mark in cell.marks:
            text = rf"\{command}{{{text}}}"
    return text
