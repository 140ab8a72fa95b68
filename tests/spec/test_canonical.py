import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segsweep.spec.canonical import canonical_json, derive_seed, digest

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_keys_are_sorted_at_every_level_and_nothing_is_padded() -> None:
    assert canonical_json({"b": {"d": 1, "c": [2, "ε"]}, "a": None}) == '{"a":null,"b":{"c":[2,"ε"],"d":1}}'


def test_a_whole_float_is_the_integer_it_equals() -> None:
    assert canonical_json({"lr": 1.0, "zero": -0.0}) == canonical_json({"lr": 1, "zero": 0}) == '{"lr":1,"zero":0}'


def test_true_is_not_one() -> None:
    assert canonical_json(True) != canonical_json(1)


def test_tuples_are_lists() -> None:
    assert canonical_json((1, (2, 3))) == "[1,[2,3]]"


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": [-math.inf]}])
def test_numbers_that_are_none_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical_json({"a": {1, 2}})


@given(PLAIN)
def test_it_reads_back_as_the_same_value(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), PLAIN, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_no_digest(mapping: dict[str, object], random: object) -> None:
    items = list(mapping.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert digest(dict(items)) == digest(mapping)


def test_digest_is_the_start_of_the_sha256_of_the_text() -> None:
    assert digest({"a": 1.0}) == hashlib.sha256(b'{"a":1}').hexdigest()[:16]


@given(PLAIN, PLAIN)
def test_different_values_have_different_digests(one: object, other: object) -> None:
    assert (digest(one) == digest(other)) == (canonical_json(one) == canonical_json(other))


def test_seeds_fit_into_63_bits_and_repeat() -> None:
    seeds = [derive_seed(0, fold, purpose) for fold in range(50) for purpose in ("weights", "batches")]
    assert seeds == [derive_seed(0, fold, purpose) for fold in range(50) for purpose in ("weights", "batches")]
    assert len(set(seeds)) == 100
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seed_parts_do_not_run_together() -> None:
    assert derive_seed(1, 11) != derive_seed(11, 1) != derive_seed("1", 11)
