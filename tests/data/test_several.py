import doctest

from segsweep.data import several


def test_the_example_holds() -> None:
    assert doctest.testmod(several).failed == 0
