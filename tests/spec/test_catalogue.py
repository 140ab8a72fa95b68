import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segsweep.errors import GridError
from segsweep.spec.catalogue import ENTRIES, NAMES, LossSetting, accepts, canonical, check_labels, label, resolve
from segsweep.spec.loss_source import source_digest


def test_it_answers_without_torch():
    code = "import sys; import segsweep.spec.catalogue; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_default_is_a_value_in_normal_form_and_every_entry_has_a_formula_and_a_source(entry):
    arguments = resolve(entry.name, {}).arguments
    assert arguments == {parameter.name: parameter.default for parameter in entry.parameters}
    assert entry.formula
    assert "arXiv" in entry.source
    assert all(parameter.meaning for parameter in entry.parameters)


def test_left_out_arguments_are_per_image_negligible_epsilon_and_no_background():
    arguments = resolve("dice", {}).arguments
    assert (arguments["phi"], arguments["epsilon"], arguments["background"]) == ("image", 1e-7, False)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("dise", {}, "loss 'dise' is not known; did you mean 'dice'? known are ce, wce, focal, topk, dice"),
        ("DICE", {}, "loss 'DICE' is not known; did you mean 'dice'?"),
        ("dice+dise", {}, "loss 'dice+dise' is not known; did you mean 'dice'?"),
        ("dice+dice", {}, "loss 'dice+dice' is not known"),
        ("monai:", {}, "loss 'monai:' is not known"),
        ("dice", {"ph": "batch"}, "loss 'dice': ph is not an argument of it; did you mean 'phi'? it takes phi"),
        ("ce", {"phi": "image"}, "loss 'ce': it takes no arguments, so not phi"),
        ("dice", {"phi": "voxel"}, "loss 'dice': phi is 'voxel'; it must be image | class | batch | all"),
        ("lovasz", {"phi": "class"}, "loss 'lovasz': phi is 'class'; it must be image | batch"),
        ("dice", {"epsilon": -1}, "loss 'dice': epsilon is -1; it must be a number ≥ 0 | mean_volume |"),
        ("dice", {"epsilon": float("nan")}, "loss 'dice': epsilon is nan"),
        ("dice", {"epsilon": True}, "loss 'dice': epsilon is True"),
        ("dice", {"background": 1}, "loss 'dice': background is 1; it must be true | false"),
        ("dice", {"class_weights": [0, 0]}, "loss 'dice': class_weights is [0, 0]; it must be null | a list with"),
        ("wce", {"weight": "even"}, "loss 'wce': weight is 'even'; it must be balanced | a number ≥ 0 | a list"),
        ("topk", {"k": 0}, "loss 'topk': k is 0; it must be a number > 0 and ≤ 100"),
        ("tversky", {"alpha": 0, "beta": 0}, "loss 'tversky': alpha and beta are both 0"),
        ("dice", {"form": "semimetric", "denominator": "squared"}, "loss 'dice': form semimetric takes denominator"),
        ("dice+ce", {"mix": [1]}, "loss 'dice+ce': mix has 1 entries for 2 terms"),
        ("dice+lovasz", {"phi": "class"}, "loss 'dice+lovasz': phi is 'class'; it must be image | batch"),
        ("monai:DiceLoss", {"jaccard": True}, "loss 'monai:DiceLoss': jaccard is not an argument of it; it takes args"),
        ("monai:DiceLoss", {"args": {"f": print}}, "loss 'monai:DiceLoss': args is {'f': <built-in function print>}"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(name, arguments, message):
    with pytest.raises(GridError) as caught:
        resolve(name, arguments)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_equal_values_written_differently_are_equal_settings():
    one = resolve("dice", {"epsilon": 1e-7, "phi": "image"})
    assert one == resolve("dice", {"epsilon": "1e-7"}) == resolve("dice", {})
    assert hash(one) == hash(resolve("dice", {}))
    assert resolve("wce", {"weight": 2}) == resolve("wce", {"weight": 2.0})
    assert resolve("wce", {"weight": (1, 2)}) == resolve("wce", {"weight": [1.0, 2.0]})


def test_a_grid_key_multiplies_only_the_losses_that_take_it():
    assert accepts("dice", "phi")
    assert not accepts("ce", "phi")
    assert accepts("dice+ce", "phi")
    assert accepts("dice+ce", "mix")
    assert not accepts("dice", "mix")
    assert accepts("monai:DiceLoss", "args")
    with pytest.raises(GridError, match="'dise' is not known"):
        accepts("dise", "phi")


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("dice", {}, "dice"),
        ("dice", {"phi": "batch"}, "dice Φ=batch"),
        ("dice", {"epsilon": "mean_volume"}, "dice ε=mean_volume"),
        ("dice", {"phi": "all", "epsilon": 1e-5, "form": "semimetric"}, "dice Φ=all ε=1e-5 form=semimetric"),
        ("dice", {"epsilon": [10, 20.5]}, "dice ε=[10,20.5]"),
        ("dice", {"background": True}, "dice background=true"),
        ("wce", {}, "wce"),
        ("wce", {"weight": 2}, "wce w=2"),
        ("tversky", {}, "tversky α=0.3 β=0.7"),
        ("dice+ce", {}, "dice+ce"),
        ("dice+ce", {"mix": [1, 0.5], "phi": "batch"}, "dice+ce mix=1:0.5 Φ=batch"),
        ("monai:TverskyLoss", {"args": {"beta": 0.5, "alpha": 0.25}}, "monai:TverskyLoss alpha=0.25 beta=0.5"),
        ("my.module:loss", {}, "my.module:loss"),
    ],
)
def test_labels(name, arguments, expected):
    assert label(resolve(name, arguments)) == expected


def canonical_of(name, arguments, *, batch_size=4, foreground_labels=2, soft_labels=True):
    setting = resolve(name, arguments)
    return canonical(setting, batch_size=batch_size, foreground_labels=foreground_labels, soft_labels=soft_labels)


DICE, CE = resolve("dice", {}), resolve("ce", {})


@pytest.mark.parametrize(
    ("name", "arguments", "where", "expected"),
    [
        ("dice", {"phi": "batch"}, {"batch_size": 1}, DICE),
        ("dice", {"phi": "batch"}, {}, resolve("dice", {"phi": "batch"})),
        ("dice", {"phi": "class"}, {"foreground_labels": 1}, DICE),
        ("dice", {"phi": "all"}, {"foreground_labels": 1, "batch_size": 1}, DICE),
        ("dice", {"phi": "all"}, {"foreground_labels": 1}, resolve("dice", {"phi": "batch"})),
        ("dice", {"phi": "all"}, {"batch_size": 1}, resolve("dice", {"phi": "class"})),
        (
            "dice",
            {"phi": "class", "background": True},
            {"foreground_labels": 1},
            resolve("dice", {"phi": "class", "background": True}),
        ),
        ("lovasz", {"phi": "batch"}, {"batch_size": 1}, resolve("lovasz", {})),
        ("tversky", {"alpha": 0.5, "beta": 0.5}, {}, DICE),
        ("tversky", {"alpha": 1, "beta": 1, "phi": "batch"}, {}, resolve("jaccard", {"phi": "batch"})),
        ("dice", {"form": "semimetric"}, {"soft_labels": False}, DICE),
        ("dice", {"form": "semimetric"}, {}, resolve("dice", {"form": "semimetric"})),
        ("dice", {"class_weights": [2, 2]}, {}, DICE),
        ("dice", {"epsilon": [3, 3]}, {}, resolve("dice", {"epsilon": 3})),
        ("dice", {"epsilon": [3, 4], "phi": "class"}, {}, resolve("dice", {"epsilon": 7, "phi": "class"})),
        ("dice", {"epsilon": 0, "epsilon_in": "denominator"}, {}, resolve("dice", {"epsilon": 0})),
        ("wce", {"weight": 1}, {}, CE),
        ("wce", {"weight": [1, 1, 1]}, {}, CE),
        ("wce", {"weight": 2}, {}, resolve("wce", {"weight": [1, 2, 2]})),
        ("focal", {"gamma": 0}, {}, CE),
        ("focal", {"gamma": 0, "weight": 2}, {}, resolve("wce", {"weight": [1, 2, 2]})),
        ("focal", {"weight": 1}, {}, resolve("focal", {})),
        ("topk", {"k": 100}, {}, CE),
        ("dice+ce", {"mix": [1, 2]}, {}, resolve("ce+dice", {"mix": [2, 1]})),
        ("dice+ce", {"mix": [1, 0]}, {}, DICE),
        ("tversky+ce", {"alpha": 1, "beta": 1}, {}, resolve("ce+jaccard", {})),
        ("monai:DiceLoss", {}, {}, resolve("monai:DiceLoss", {})),
    ],
)
def test_cells_that_are_the_same_by_mathematics_have_one_canonical_setting(name, arguments, where, expected):
    assert canonical_of(name, arguments, **where) == expected


OVERLAP = st.fixed_dictionaries(
    {
        "phi": st.sampled_from(["image", "class", "batch", "all"]),
        "epsilon": st.sampled_from([0, 1e-7, [1, 2], [2, 2], "mean_volume"]),
        "epsilon_in": st.sampled_from(["both", "denominator"]),
        "class_weights": st.sampled_from([None, [1, 1], [1, 3]]),
        "classes": st.sampled_from(["all", "present"]),
        "alpha": st.sampled_from([0.3, 0.5, 1]),
        "beta": st.sampled_from([0.5, 1]),
    }
)


@settings(deadline=None)  # other people's processes share the machine
@given(OVERLAP, st.integers(1, 3), st.sampled_from(["tversky", "tversky+ce", "dice+tversky", "topk+tversky"]))
def test_a_canonical_setting_is_its_own_canonical_setting(arguments, batch_size, name):
    first = canonical_of(name, arguments, batch_size=batch_size)
    assert canonical(first, batch_size=batch_size, foreground_labels=2) == first


@settings(deadline=None)  # other people's processes share the machine
@given(OVERLAP, OVERLAP)
def test_different_settings_have_different_labels(one, other):
    pair = [resolve("tversky", one), resolve("tversky", other)]
    assert (label(pair[0]) == label(pair[1])) == (pair[0] == pair[1])


@pytest.mark.parametrize(
    ("name", "arguments", "labels", "soft", "message"),
    [
        ("lovasz", {}, 1, True, "loss 'lovasz' is undefined for soft labels"),
        ("dice+lovasz", {}, 1, True, "loss 'lovasz' is undefined for soft labels"),
        ("lovasz_hinge", {}, 2, False, "loss 'lovasz_hinge' is for one foreground label; the dataset has 2"),
        ("marginal_dice", {}, 1, False, "loss 'marginal_dice' is for two or more foreground labels"),
        ("dice", {"epsilon": [1, 2, 3]}, 2, False, "loss 'dice': epsilon has 3 entries; this dataset needs 2"),
        ("dice", {"class_weights": [1, 2], "background": True}, 2, False, "loss 'dice': class_weights has 2 entries"),
        ("wce", {"weight": [1, 2]}, 2, False, "loss 'wce': weight has 2 entries; this dataset needs 3"),
    ],
)
def test_a_loss_that_does_not_suit_the_labels_is_refused_by_name(name, arguments, labels, soft, message):
    with pytest.raises(GridError, match=message):
        check_labels(resolve(name, arguments), foreground_labels=labels, soft_labels=soft)


@pytest.mark.parametrize("name", ["dice", "ce", "dice+ce", "monai:DiceLoss", "jaccard"])
def test_losses_that_suit_any_labels_are_accepted(name):
    for labels in (1, 3):
        check_labels(resolve(name, {}), foreground_labels=labels, soft_labels=True)


def test_the_identity_is_json_with_a_protocol_number_per_term():
    identity = resolve("dice+ce", {}).identity()
    assert identity["protocol"] == [1, 1]
    assert json.loads(json.dumps(identity)) == identity


def test_flat_arguments_are_shared_where_the_terms_agree():
    flat = resolve("wce+focal", {"weight": 2}).flat()
    assert flat == {"mix": [1, 1], "weight": 2, "gamma": 2}
    assert resolve("wce+focal", {}).flat() == {"mix": [1, 1], "weight": "balanced", "gamma": 2, "focal.weight": None}
    assert resolve("dice", {}).flat() == resolve("dice", {}).arguments


def test_the_source_of_the_users_own_loss_is_part_of_its_identity(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "own_loss_module.py"
    file.write_text("raise RuntimeError('never imported')")
    setting = resolve("own_loss_module:loss", {})
    first = setting.identity()["source"]
    assert first == hashlib.sha256(hashlib.sha256(file.read_bytes()).digest()).hexdigest()
    file.write_text("x = 1")
    assert setting.identity()["source"] != first


def test_a_helper_beside_the_users_own_loss_counts_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "own_loss_package"
    package.mkdir()
    for name in ("__init__", "loss", "helper"):
        (package / f"{name}.py").write_text(f"# {name}")
    first = source_digest("own_loss_package.loss:loss")
    (package / "helper.py").write_text("# changed")
    assert source_digest("own_loss_package.loss:loss") != first


def test_a_module_that_is_not_there_is_named():
    with pytest.raises(GridError, match="loss 'no_such_module:loss': no module no_such_module on the Python path"):
        resolve("no_such_module:loss", {}).identity()


def test_a_setting_is_frozen_and_gives_a_fresh_dict():
    setting = resolve("dice", {})
    setting.arguments["phi"] = "batch"
    assert setting.arguments["phi"] == "image"
    assert isinstance(setting, LossSetting)
    assert setting.terms == (setting,)
    assert [term.name for term in resolve("dice+ce", {}).terms] == ["dice", "ce"]


def test_flags_say_what_a_loss_needs():
    assert {entry.name for entry in ENTRIES if entry.hard_labels_only} == {"lovasz", "lovasz_hinge"}
    assert {entry.name for entry in ENTRIES if entry.uses_phi} == {
        "dice",
        "jaccard",
        "tversky",
        "lovasz",
        "lovasz_hinge",
    }
    assert len(set(NAMES)) == len(ENTRIES)
