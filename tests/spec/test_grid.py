"""What a grid file says when it is right."""

from pathlib import Path

import pytest
from grids import tiny_sweep
from pydantic import ValidationError

from segsweep.spec.datasets import FileDataset
from segsweep.spec.grid import parse_sweep, read_sweep
from segsweep.spec.labels import LabelPolicy
from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.settings import Network, Train, WarmStart

SHORTEST = "name: a\ndatasets: {phantom: {p: 0.3, k: 4, r: 1}}\ngrid: {loss: dice}\n"


class TestDefaults:
    def test_three_keys_are_a_grid(self) -> None:
        sweep = parse_sweep(SHORTEST)
        assert (sweep.labels, sweep.seeds, sweep.folds.numbers()) == ((LabelPolicy(),), (0,), (0, 1, 2, 3, 4))
        assert sweep.networks == (Network(preset="unet-s"),)
        assert (sweep.trains, sweep.warm_starts) == ((Train(),), (WarmStart(epochs=60, lr=1e-3),))
        assert (sweep.split.select, sweep.split.share) == ("inner", 0.2)
        assert sweep.augments[0].name == "none"

    def test_the_loss_setting_of_the_publications_is_the_default(self) -> None:
        (cell,) = parse_sweep(SHORTEST).cells
        assert (cell.loss.arguments["phi"], cell.loss.arguments["epsilon"]) == ("image", 1e-7)


class TestNumbers:
    @pytest.mark.parametrize("written", ["1e-3", "1E-3", "1.0e-3", "0.001", "+1e-3"])
    def test_an_exponent_needs_no_dot(self, written: str) -> None:
        (train,) = parse_sweep(f"{SHORTEST}train: {{lr: {written}}}").trains
        assert train.lr == 0.001

    def test_an_exponent_in_quotes_is_text(self) -> None:
        (network,) = parse_sweep(f"{SHORTEST}network: {{monai: UNet, args: {{norm: '1e3'}}}}").networks
        assert network.args == {"norm": "1e3"}


class TestAxes:
    def test_every_axis_takes_one_value_or_a_list(self) -> None:
        changes = {
            "seeds": [0, 1],
            "network": ["logistic", {"monai": "UNet", "args": {"channels": [4, 8], "strides": [2]}}],
            "augment": ["none", "bertels2019"],
            "warm_start": ["none", {"epochs": 2}],
            "train": [{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.3}],
        }
        sweep = parse_sweep(tiny_sweep(**changes))
        assert [len(axis) for axis in (sweep.seeds, sweep.networks, sweep.augments)] == [2, 2, 2]
        assert sweep.warm_starts == (None, WarmStart(epochs=2))
        assert [train.lr for train in sweep.trains] == [0.1, 0.2, 0.3]

    def test_lists_inside_a_phantom_are_multiplied(self) -> None:
        sweep = parse_sweep(tiny_sweep(datasets={"phantom": {"p": [0.3, 0.48], "k": [1, 16], "r": 1}}))
        assert [dataset.name for dataset in sweep.datasets] == [
            "phantom p=0.3 K=1 r=1",
            "phantom p=0.3 K=16 r=1",
            "phantom p=0.48 K=1 r=1",
            "phantom p=0.48 K=16 r=1",
        ]

    def test_all_folds_or_the_listed_ones(self) -> None:
        assert parse_sweep(tiny_sweep(folds={"k": 3})).folds.numbers() == (0, 1, 2)
        assert parse_sweep(tiny_sweep(folds={"k": 3, "run": "all"})).folds.numbers() == (0, 1, 2)
        assert parse_sweep(tiny_sweep(folds={"k": 3, "run": [2, 0]})).folds.numbers() == (2, 0)


class TestDatasets:
    def test_a_dataset_is_named_after_its_folder(self) -> None:
        (dataset,) = parse_sweep(tiny_sweep(datasets={"msd": "/data/Task04_Hippocampus/"})).datasets
        assert (dataset.name, isinstance(dataset, FileDataset)) == ("Task04_Hippocampus", True)

    def test_variables_and_home_are_filled_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PLACE", "deep/er")
        monkeypatch.setenv("HOME", "/home/someone")
        (dataset,) = parse_sweep(tiny_sweep(datasets={"folder": "~/${PLACE}/polyps"})).datasets
        assert isinstance(dataset, FileDataset)
        assert dataset.path == Path("/home/someone/deep/er/polyps")

    def test_preprocessing_stands_beside_the_source(self) -> None:
        block = {
            "msd": "a",
            "spacing": [1, 1, 2.5],
            "size": [8, 8, 4],
            "normalise": {"window": [-60, 140]},
            "channels": [1],
        }
        (dataset,) = parse_sweep(tiny_sweep(datasets=block)).datasets
        assert isinstance(dataset, FileDataset)
        found = dataset.preprocess
        assert (found.spacing, found.size, found.channels) == ((1.0, 1.0, 2.5), (8, 8, 4), (1,))
        assert (found.normalise.method, found.normalise.bounds) == ("window", (-60.0, 140.0))


class TestYaml:
    def test_anchors_and_merge_keys(self) -> None:
        text = f"{SHORTEST}train: &base {{lr: 0.1, epochs: 3}}\nwarm_start: {{<<: *base, epochs: 2}}\n"
        sweep = parse_sweep(text)
        assert sweep.warm_starts == (WarmStart(lr=0.1, epochs=2),)
        assert (sweep.trains[0].lr, sweep.trains[0].epochs) == (0.1, 3)

    def test_the_text_is_kept_as_it_was_written(self, tmp_path: Path) -> None:
        path = tmp_path / "grid.yaml"
        path.write_text(f"# why\n{SHORTEST}", encoding="utf-8")
        assert read_sweep(path).text == f"# why\n{SHORTEST}"

    @pytest.mark.parametrize("written", ["off", "Off", "'off'"])
    def test_off_is_a_word_with_and_without_quotes(self, written: str) -> None:
        (train,) = parse_sweep(f"{SHORTEST}train: {{amp: {written}}}").trains
        assert train == Train(amp="off")

    def test_a_quoted_yes_is_the_text_of_a_column(self) -> None:
        (policy,) = parse_sweep(f"{SHORTEST}labels: {{remove: all, where: {{cut: 'yes', n: 2}}}}").labels
        assert policy.where == {"cut": ("yes",), "n": ("2",)}


class TestFrozen:
    def test_a_sweep_does_not_change(self) -> None:
        sweep = parse_sweep(SHORTEST)
        with pytest.raises(AttributeError):
            sweep.name = "other"  # type: ignore[misc]

    @pytest.mark.parametrize("key", ["folds", "split", "resources", "report"])
    def test_nor_do_its_parts(self, key: str) -> None:
        part = getattr(parse_sweep(SHORTEST), key)
        field = next(iter(type(part).model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, field, None)


class TestPhantomLayout:
    @pytest.mark.parametrize("k", [1, 2, 4, 8, 16])
    @pytest.mark.parametrize("r", [0.5, 1, 2])
    def test_ratio_and_blocks_are_exact(self, k: int, r: float) -> None:
        layout = PhantomDataset(name="a", p=0.5, k=k, r=r).layout()
        assert layout.uncertain == r * layout.core
        assert layout.down * layout.across == k
        assert (8 % layout.down, layout.uncertain % layout.across) == (0, 0)
        assert layout.core + layout.uncertain <= 24

    def test_a_third_is_a_third(self) -> None:
        layout = PhantomDataset(name="a", p=0.5, k=2, r=1 / 3).layout()
        assert layout.core == 3 * layout.uncertain

    def test_the_largest_band_is_taken(self) -> None:
        layout = PhantomDataset(name="a", p=0.5, k=1, r=1, size=32).layout()
        assert (layout.core, layout.uncertain) == (12, 12)

    def test_uncertain_volume_counts_pixels(self) -> None:
        assert PhantomDataset(name="a", p=0.5, k=16, r=1, size=32).uncertain_volume == 8 * 12
