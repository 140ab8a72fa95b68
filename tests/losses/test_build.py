import subprocess
import sys

import pytest
import torch
from every_loss import batch
from hypothesis import given
from hypothesis import strategies as st

from segsweep import losses
from segsweep.errors import GridError
from segsweep.losses import CrossEntropy, Dice, LabelStatistics, Tversky, build_loss
from segsweep.losses.build import epsilon_values
from segsweep.spec.catalogue import ENTRIES, canonical, resolve

FOLD = LabelStatistics((0.5, 0.3, 0.2), (50, 30, 20), (50, 40, 80))


def build(name, **given):
    setting = resolve(name, given)
    return build_loss(setting.name, setting.arguments, labels=FOLD)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_of_the_catalogue_can_be_built(entry):
    assert isinstance(build(entry.name), losses.Loss)


OVERLAP = st.fixed_dictionaries(
    {
        "phi": st.sampled_from(["image", "class", "batch", "all"]),
        "epsilon": st.sampled_from([0, 1e-7, [1, 2], [2, 2], "mean_volume"]),
        "epsilon_in": st.sampled_from(["both", "denominator"]),
        "form": st.sampled_from(["classic", "semimetric"]),
        "class_weights": st.sampled_from([None, [1, 1], [1, 3]]),
        "classes": st.sampled_from(["all", "present"]),
        "alpha": st.sampled_from([0.3, 0.5, 1]),
        "beta": st.sampled_from([0.5, 1]),
    }
)


@given(OVERLAP, st.integers(1, 3), st.sampled_from(["tversky", "tversky+wce", "topk+tversky+focal"]))
def test_the_canonical_setting_gives_the_same_loss_on_hard_labels(arguments, images, name):
    setting = resolve(name, arguments)
    same = canonical(setting, batch_size=images, foreground_labels=2, soft_labels=False)
    values = [
        build_loss(each.name, each.arguments, labels=FOLD)(*batch(3, images=images, dtype=torch.float64))
        for each in (setting, same)
    ]
    torch.testing.assert_close(*values, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("phi", ["image", "class", "batch", "all"])
@pytest.mark.parametrize(("rule", "volumes"), [("mean_volume", [30, 20]), ("mean_present_volume", [40, 80])])
def test_an_epsilon_rule_is_the_foreground_classes_mean_volumes(phi, rule, volumes):
    logits, target = batch(3, dtype=torch.float64)
    torch.testing.assert_close(
        build("dice", phi=phi, epsilon=rule)(logits, target), Dice(phi=phi, epsilon=volumes)(logits, target)
    )


def test_an_epsilon_rule_has_a_background_volume_where_the_background_counts():
    assert epsilon_values("mean_volume", FOLD, background=True) == [50, 30, 20]


def test_a_sum_is_the_weighted_sum_of_its_terms_and_arguments_go_to_those_that_take_them():
    logits, target = batch(3, dtype=torch.float64)
    loss = build("tversky+wce", alpha=0.2, beta=0.8, phi="batch", weight=2, mix=[1, 0.5])
    expected = Tversky(0.2, 0.8, phi="batch")(logits, target) + 0.5 * CrossEntropy([1, 2, 2])(logits, target)
    torch.testing.assert_close(loss(logits, target), expected)


def test_wrong_numbers_of_values_are_refused():
    with pytest.raises(ValueError, match="weight has 2 entries for 3 classes"):
        build("wce", weight=[1, 2])
    with pytest.raises(ValueError, match="1 factors for 2 losses"):
        losses.WeightedSum([Dice(), CrossEntropy()], [1.0])


def test_names_are_loaded_when_used():
    assert all(getattr(losses, name).__name__ == name for name in losses.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Dise'"):
        losses.Dise  # noqa: B018  # the access is what is tested


def test_label_statistics_come_without_torch():
    code = "import sys; import segsweep.losses.label_statistics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_loss_of_monai_gets_the_activation_that_fits_the_output():
    from monai.losses import DiceLoss, TverskyLoss

    logits, target = batch(3)
    torch.testing.assert_close(build("monai:DiceLoss")(logits, target), DiceLoss(softmax=True)(logits, target))
    given = build("monai:TverskyLoss", args={"alpha": 0.3, "sigmoid": True})
    torch.testing.assert_close(given(logits, target), TverskyLoss(alpha=0.3, sigmoid=True)(logits, target))
    two = LabelStatistics((0.5, 0.5), (1, 1), (1, 1))
    binary = build_loss("monai:DiceLoss", {"args": {}}, labels=two)
    torch.testing.assert_close(binary(*batch(1)), DiceLoss(sigmoid=True)(*batch(1)))


def test_a_loss_that_monai_lacks_or_refuses_is_named():
    with pytest.raises(GridError, match=r"loss 'monai:DyceLoss': monai\.losses has no loss class of that name"):
        build("monai:DyceLoss")
    with pytest.raises(GridError, match=r"loss 'monai:DiceLoss': .*unexpected keyword argument 'fi'"):
        build("monai:DiceLoss", args={"fi": 1})


OWN = """
import torch

def squared(logits, target, scale=1.0):
    return scale * (logits.sigmoid() - target).square().mean()

def masked(logits, target, *, ignore=None):
    keep = 1 if ignore is None else ~ignore
    return ((logits - target) * keep).square().sum()

class Absolute(torch.nn.Module):
    def __init__(self, power=1):
        super().__init__()
        self.power = power

    def forward(self, logits, target):
        return (logits - target).abs().pow(self.power).mean()

NUMBER = 3
"""


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "my_losses.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_losses"
    sys.modules.pop("my_losses", None)


def test_the_users_own_function_and_class_are_losses(own_module):
    logits, target = batch(1)
    squared = build(f"{own_module}:squared", args={"scale": 2.0})
    torch.testing.assert_close(squared(logits, target), 2 * (logits.sigmoid() - target).square().mean())
    absolute = build(f"{own_module}:Absolute", args={"power": 2})
    torch.testing.assert_close(absolute(logits, target), (logits - target).square().mean())


def test_voxels_to_ignore_go_to_those_that_can_ignore(own_module):
    logits, target = batch(1)
    ignore = torch.ones(2, 1, 6, 5, dtype=torch.bool)
    assert build(f"{own_module}:masked")(logits, target, ignore=ignore).item() == 0
    with pytest.raises(ValueError, match="'my_losses:squared' has no parameter `ignore`"):
        build(f"{own_module}:squared")(logits, target, ignore=ignore)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("no_such_module:loss", {}, "No module named 'no_such_module'"),
        ("my_losses:missing", {}, "has no attribute 'missing'"),
        ("my_losses:NUMBER", {}, "neither a function nor a torch.nn.Module class"),
        ("my_losses:squared", {"speed": 1}, "unexpected keyword argument 'speed'"),
        ("my_losses:Absolute", {"speed": 1}, "unexpected keyword argument 'speed'"),
    ],
)
def test_what_is_wrong_with_the_users_own_loss_is_said_in_one_line(own_module, name, arguments, message):
    with pytest.raises(GridError, match=message) as caught:
        build(name, args=arguments)
    assert str(caught.value).startswith(f"loss '{name}'")
    assert "\n" not in str(caught.value)
