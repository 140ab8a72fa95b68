"""What a misspelt word may have been meant to be."""

import pytest

from segsweep.spec.suggestion import suggestion

KNOWN = ("phi", "epsilon", "class_weights", "T1w")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("ph", "phi"),
        ("Phi", "phi"),
        ("PHI", "phi"),
        ("eps", "epsilon"),
        ("class_weight", "class_weights"),
        ("t1", "T1w"),
    ],
)
def test_the_most_alike_whatever_the_capitals(word: str, meant: str) -> None:
    assert suggestion(word, KNOWN) == f"did you mean '{meant}'? "


def test_nothing_where_none_is_alike() -> None:
    assert suggestion("gamma", KNOWN) == suggestion("gamma", ()) == ""
