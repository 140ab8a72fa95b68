"""Every kind of wrong grid file stops with one line that names the key and what is allowed."""

from pathlib import Path

import pytest
import yaml
from grids import tiny_sweep

from segsweep.errors import GridError
from segsweep.spec.catalogue import NAMES
from segsweep.spec.grid import parse_sweep, read_sweep

TOP_KEYS = (
    "name, datasets, labels, folds, split, seeds, network, warm_start, train, augment, grid, resources, search, report,"
    " keep, retry"
)
SOURCES = "msd, folder, nnunet, datalist, bids, phantom"
FILE_KEYS = (
    "name, group, cases, classes, ignore, splits, test, anonymous, spacing, resize, size, normalise, channels,"
    " patch, synthetic_contrast"
)
PHANTOM_KEYS = "p, k, r, size, steps, noise, validation, evaluation"
TRAIN_KEYS = "epochs, plateau, factor, patience, lr, batch_size, amp"
WARM_KEYS = "epochs, plateau, factor, patience, loss, lr"
WARM_FORM = "`none`, or a mapping such as {epochs: 60, lr: 1e-3}"
NETWORK_FORM = "unet-s, unet-m, unet-l, logistic, or a mapping such as {monai: SegResNet, args: {init_filters: 16}}"
AUGMENT_FORM = "none, bertels2019, or a mapping such as {monai: [{RandFlip: {prob: 0.5}}]}"
NORMALISE_FORM = "`zscore`, `zscore_nonzero`, `none`, {window: [-60, 140]} or {percentile: [1, 99]}"
PATCH_FORM = "a list such as [96, 96, 96], or a mapping such as {size: [96, 96, 96], foreground: 0.5}"
COLUMN_TEXT = (
    "a column holds text, but yes, no, on, off, true and false without quotes are truth values in YAML; quote them,"
    " as in"
)
CLASSES = "names of the label values 1, 2, ..., each once and without the background; got"
GPUS = "per worker, which uses one GPU or a part of it; left out, all GPUs of the cluster are used; got"
OVERRIDES = "lr, batch_size, epochs, plateau, patience, warm_start"
DICE_KEYS = "phi, epsilon, epsilon_in, form, denominator, class_weights, background, classes"
LOSSES = ", ".join(NAMES)
HOW_TO_NAME = "a sum of different ones such as dice+ce, monai:ClassName and your own module:function"


def message(text: str) -> str:
    with pytest.raises(GridError) as caught:
        parse_sweep(text)
    return str(caught.value)


TOP_LEVEL = [
    ({"colour": 1}, f"colour: unknown key; known: {TOP_KEYS}"),
    ({"name": "a b"}, "name: letters, digits and - _ . only, the first no sign, got 'a b'"),
    ({"name": ".."}, "name: letters, digits and - _ . only, the first no sign, got '..'"),
    ({"name": "x" * 61}, "name: at most 60 characters, got 61"),
    ({"name": 3}, "name: letters, digits and - _ . only, the first no sign, got 3"),
    ({"search": "optuna"}, "search: `grid`, or a mapping such as {trials: 40}, got 'optuna'"),
    (
        {"labels": "removed"},
        "labels: `full`, or a mapping such as {raters: mean}, {smooth: 0.1} or"
        " {remove: lesion, where: {cls: malignant}}, got 'removed'",
    ),
    ({"labels": {"remove": "lesion", "where": {"cut": ["x", True]}}}, f"labels.where: {COLUMN_TEXT} {{cut: 'yes'}}"),
    (
        {"labels": {"as_many_as": "lesion"}},
        "labels.as_many_as: a mapping such as {remove: lesion, where: {cls: malignant}}, got 'lesion'",
    ),
    ({"labels": {"raters": "all"}}, "labels.raters: input should be 'mean', 'majority' or 'random', got 'all'"),
    ({"labels": ["full", {"smooth": 1}]}, "labels[1].smooth: input should be less than 1, got 1"),
    ({"labels": []}, "labels: an empty list"),
    ({"seeds": []}, "seeds: an empty list"),
    ({"seeds": [0, -1]}, "seeds: whole numbers from 0 up, got -1"),
    ({"seeds": True}, "seeds: whole numbers from 0 up, got True"),
    ({"folds": 5}, "folds: a mapping such as {k: 5, run: [0, 1]}, got 5"),
    ({"folds": {"k": 1}}, "folds.k: input should be greater than or equal to 2, got 1"),
    ({"folds": {"k": 10_001}}, "folds.k: input should be less than or equal to 10000, got 10001"),
    ({"folds": {"k": 5, "run": [4, 5]}}, "folds: `run` lists folds between 0 and 4, each once, got [4, 5]"),
    ({"folds": {"k": 5, "run": [1, 1]}}, "folds: `run` lists folds between 0 and 4, each once, got [1, 1]"),
    ({"folds": {"k": 5, "run": []}}, "folds: `run` lists folds between 0 and 4, each once, got []"),
    ({"folds": {"run": [-1]}}, "folds.run[0]: input should be greater than or equal to 0, got -1"),
    ({"folds": {"run": 0}}, "folds.run: must be a list, got 0"),
    ({"folds": {"n": 3}}, "folds.n: unknown key; known: k, run"),
    ({"split": {"select": "val"}}, "split.select: input should be 'inner' or 'fold', got 'val'"),
    ({"split": "inner"}, "split: a mapping such as {select: inner, share: 0.2}, got 'inner'"),
    ({"split": {"share": 1}}, "split.share: input should be less than 1, got 1"),
    ({"network": []}, "network: an empty list"),
    ({"network": "unet"}, f"network: {NETWORK_FORM}, got 'unet'"),
    ({"network": ["unet-s", 3]}, f"network[1]: {NETWORK_FORM}, got 3"),
    ({"network": {"preset": "unet-s", "monai": "UNet"}}, f"network: {NETWORK_FORM}"),
    ({"network": ["unet-s", {"name": "UNet"}]}, "network[1].name: unknown key; known: monai, args"),
    ({"warm_start": []}, "warm_start: an empty list"),
    ({"warm_start": None}, f"warm_start: {WARM_FORM}, got None"),
    ({"warm_start": "None"}, f"warm_start: {WARM_FORM}, got 'None'"),
    ({"warm_start": {"epohcs": 3}}, f"warm_start.epohcs: unknown key; known: {WARM_KEYS}"),
    ({"warm_start": {"loss": "dice"}}, "warm_start.loss: input should be 'ce', got 'dice'"),
    (
        {"warm_start": ["none", {"epochs": 0}]},
        "warm_start[1].epochs: input should be greater than 0, got 0",
    ),
    ({"train": {"batch": 3}}, f"train.batch: unknown key; known: {TRAIN_KEYS}"),
    ({"train": None}, "train: a mapping such as {epochs: 60, lr: 1e-4, batch_size: 4}, got None"),
    ({"train": {"amp": True}}, "train.amp: input should be 'auto' or 'off', got True"),
    ({"train": {"epochs": 1.5}}, "train.epochs: input should be a valid integer, got 1.5"),
    ({"train": {"lr": 0}}, "train.lr: input should be greater than 0, got 0"),
    ({"train": {"lr": float("inf")}}, "train.lr: input should be a finite number, got inf"),
    ({"train": {"factor": 1}}, "train.factor: input should be less than 1, got 1"),
    ({"augment": "flip"}, f"augment: {AUGMENT_FORM}, got 'flip'"),
    ({"augment": {"flip": 1}}, "augment.flip: unknown key; known: monai"),
    ({"augment": {"monai": [{"RandFlip": {}, "RandZoom": {}}]}}, f"augment: {AUGMENT_FORM}"),
    ({"resources": {"workers": 0}}, "resources.workers: input should be greater than 0, got 0"),
    ({"resources": {"gpus": 4}}, f"resources.gpus: {GPUS} 4"),
    ({"resources": {"gpus": 1.5}}, f"resources.gpus: {GPUS} 1.5"),
    ({"resources": 2}, "resources: a mapping such as {workers: 2, gpus: 0.5}, got 2"),
    ({"resources": {"gpus": -1}}, "resources.gpus: input should be greater than or equal to 0, got -1"),
    (
        {"report": {"metric": "iou"}},
        "report.metric: input should be 'dice', 'jaccard', 'nsd', 'hd95' or 'assd', got 'iou'",
    ),
    ({"report": "dice"}, "report: a mapping such as {metric: dice, margin: 0.01}, got 'dice'"),
    ({"search": {"asha": 5}}, "search.asha: a mapping such as {grace: 5, factor: 3}, got 5"),
    ({"retry": -1}, "retry: whole numbers from 0 up, got -1"),
    ({"keep": True}, "keep: `none` or `weights`, got True"),
    ({"report": {"resamples": 10}}, "report.resamples: input should be greater than or equal to 200, got 10"),
]


@pytest.mark.parametrize(("changes", "expected"), TOP_LEVEL, ids=lambda value: str(value)[:40])
def test_top_level(changes: dict[str, object], expected: str) -> None:
    assert message(tiny_sweep(**changes)) == expected


DATASETS = [
    ([], "datasets: an empty list"),
    (3, f"datasets[0]: a dataset is a mapping with one of {SOURCES}, got 3"),
    (
        {"name": "a"},
        f"datasets[0]: a dataset has exactly one of {SOURCES}; this one has none",
    ),
    (
        {"msd": "a", "folder": "b"},
        f"datasets[0]: a dataset has exactly one of {SOURCES}; this one has ['msd', 'folder']",
    ),
    ({"msd": "a", "patch": [8]}, "datasets[0].patch: `patch` takes 2 or 3 numbers, got 1"),
    (
        {"msd": "a", "patch": [8, 8, 8], "size": [8, 8, 8]},
        "datasets[0]: `size` trains on whole images, `patch` on parts of them; give one of them",
    ),
    (
        {"msd": "a", "patch": {"size": [8, 8], "fg": 1}},
        "datasets[0].patch.fg: unknown key; known: size, foreground, per_case",
    ),
    ({"msd": "a", "patch": 96}, f"datasets[0].patch: {PATCH_FORM}, got 96"),
    ({"datalist": 3}, "datasets[0]: `datalist` takes the path of a JSON file, got 3"),
    ({"bids": {"images": "T1w"}}, "datasets[0]: `bids` takes the path of a folder, got None"),
    ({"bids": {"path": "a", "suffix": "T1w"}}, "datasets[0].bids.suffix: unknown key; known: images, label, pipeline"),
    ({"msd": "a", "sizes": [1]}, f"datasets[0]: sizes: unknown key; known: msd, {FILE_KEYS}"),
    ({"folder": "a", "path": "b"}, f"datasets[0]: path: unknown key; known: folder, {FILE_KEYS}"),
    ({"msd": 3}, "datasets[0]: `msd` takes the path of a folder, got 3"),
    ({"msd": "${SEGSWEEP_NOWHERE}/a"}, "datasets[0]: environment variable SEGSWEEP_NOWHERE is not set"),
    ([{"msd": "a"}, {"msd": "b/a"}], "datasets: two are named 'a'; give them a `name`"),
    ([{"msd": "a"}, {"msd": "b", "cases": 0}], "datasets[1].cases: input should be greater than 0, got 0"),
    ({"msd": "a", "classes": "liver"}, "datasets[0].classes: must be a list, got 'liver'"),
    ({"msd": "a", "classes": ["background", "liver"]}, f"datasets[0].classes: {CLASSES} ['background', 'liver']"),
    ({"msd": "a", "classes": ["liver", "liver"]}, f"datasets[0].classes: {CLASSES} ['liver', 'liver']"),
    ({"msd": "a", "classes": []}, f"datasets[0].classes: {CLASSES} []"),
    ({"msd": "a", "spacing": [1]}, "datasets[0]: `spacing` takes 2 or 3 numbers, got 1"),
    ({"msd": "a", "spacing": [1, 1, 0]}, "datasets[0].spacing[2]: input should be greater than 0, got 0"),
    (
        {"msd": "a", "spacing": [1, 1], "resize": [8, 8]},
        "datasets[0]: `spacing` and `resize` both say how to resample; give one of them",
    ),
    ({"msd": "a", "size": [8, 8.5]}, "datasets[0].size[1]: input should be a valid integer, got 8.5"),
    ({"msd": "a", "channels": [-1]}, "datasets[0].channels[0]: input should be greater than or equal to 0, got -1"),
    ({"msd": "a", "normalise": "minmax"}, f"datasets[0].normalise: {NORMALISE_FORM}, got 'minmax'"),
    (
        {"msd": "a", "normalise": {"percentiles": [1, 99]}},
        f"datasets[0].normalise: {NORMALISE_FORM}, got {{'percentiles': [1, 99]}}",
    ),
    (
        {"msd": "a", "normalise": "window"},
        "datasets[0].normalise: `window` and `percentile` take [low, high], e.g. `normalise: {window: [-60, 140]}`",
    ),
    ({"msd": "a", "normalise": {"window": [3, 1]}}, "datasets[0].normalise: low must be below high, got [3.0, 1.0]"),
    (
        {"msd": "a", "normalise": {"percentile": [1, 101]}},
        "datasets[0].normalise: percentiles lie in [0, 100], got [1.0, 101.0]",
    ),
    (
        {"msd": "a", "normalise": {"method": "zscore", "sd": 1}},
        f"datasets[0].normalise.sd: unknown key; known: {NORMALISE_FORM}",
    ),
    (
        {"msd": "a", "normalise": {"window": [float("-inf"), 3]}},
        f"datasets[0].normalise: {NORMALISE_FORM}, got -inf",
    ),
    (
        {"msd": "a", "test": "imagesTs"},
        "datasets[0]: test: `own`, or a column with its value as in {split: test}, got 'imagesTs'",
    ),
    ({"msd": "a", "test": {"held_out": True}}, f"datasets[0].test: {COLUMN_TEXT} {{held_out: 'yes'}}"),
    ({"msd": "a", "test": {}}, "datasets[0]: test: `own`, or a column with its value as in {split: test}, got {}"),
    (
        {"folder": "a", "test": "own"},
        "datasets[0]: test: `own` is for msd, nnunet, datalist; a `folder` dataset names its test cases by a column,"
        " as in {split: test}",
    ),
    ({"phantom": 3}, "datasets[0]: `phantom` takes a mapping, e.g. `phantom: {p: 0.3, k: 16, r: 1}`, got 3"),
    ({"phantom": {"p": 0.3, "k": 4}}, "datasets[0].r: missing"),
    ({"phantom": {"p": 0.3, "k": 4, "r": 1, "q": 2}}, f"datasets[0]: q: unknown key; known: {PHANTOM_KEYS}"),
    (
        {"phantom": {"p": 0.3, "k": 4, "r": 1}, "spacing": [1, 1]},
        "datasets[0]: spacing: unknown key; known: phantom, name",
    ),
    (
        {"phantom": {"p": [0.3] * 32, "k": [4] * 32, "r": 1}},
        "datasets[0]: at most 1,000 phantoms in a grid",
    ),
    ([{"msd": f"a{n}"} for n in range(1001)], "datasets: at most 1,000 in a grid"),
    (
        {"phantom": {"p": 0.3, "k": 4, "r": 1, "size": 1025}},
        "datasets[0].size: input should be less than or equal to 1024, got 1025",
    ),
    ({"phantom": {"p": [], "k": 4, "r": 1}}, "datasets[0]: p: an empty list"),
    ({"phantom": {"p": 1.5, "k": 4, "r": 1}}, "datasets[0].p: input should be less than or equal to 1, got 1.5"),
    (
        {"phantom": {"p": 0.3, "k": 3, "r": 1}},
        "datasets[0].k: input should be 1, 2, 4, 8, 16, 32 or 64, got 3",
    ),
    (
        {"phantom": {"p": 0.3, "k": 64, "r": 1, "size": 16}},
        "datasets[0]: no band within 12 pixels has r = 1.0 and 64 equal blocks of whole pixels",
    ),
    (
        {"phantom": {"p": 0.3, "k": 1, "r": 0.013}},
        "datasets[0]: no band within 24 pixels has r = 0.013 and 1 equal blocks of whole pixels",
    ),
    (
        {"phantom": {"p": 0.3, "k": 1, "r": 1, "size": 7}},
        "datasets[0]: `size` is at least the 8 pixels of the band's height, got 7",
    ),
]


@pytest.mark.parametrize(("block", "expected"), DATASETS, ids=lambda value: str(value)[:50])
def test_datasets(block: object, expected: str) -> None:
    assert message(tiny_sweep(datasets=block)) == expected


BLOCKS = [
    ([], "grid: an empty list; it needs at least one block such as `- loss: dice`"),
    ("dice", "grid[0]: a block is a mapping with `loss`, e.g. `- loss: dice`, got 'dice'"),
    (
        [{"loss": "ce"}, {"phi": "image"}],
        "grid[1]: a block is a mapping with `loss`, e.g. `- loss: dice`, got {'phi': 'image'}",
    ),
    ({"loss": []}, "grid[0].loss: an empty list"),
    ({"loss": "ce", "lr": []}, "grid[0].lr: an empty list"),
    ({"loss": {"dice": 1}}, "grid[0].loss: the name of a loss or a list of names, got {'dice': 1}"),
    ({"loss": [["ce", "dice"]]}, "grid[0].loss: the name of a loss or a list of names, got ['ce', 'dice']"),
    ({"loss": None}, "grid[0].loss: the name of a loss or a list of names, got None"),
    (
        {"loss": "dise"},
        f"grid[0]: loss 'dise' is not known; did you mean 'dice'? known are {LOSSES}, {HOW_TO_NAME}",
    ),
    (
        {"loss": ["ce", "wce"], "phi": "image"},
        f"grid[0].phi: no loss of this block (ce, wce) takes it; the block may have weight, {OVERRIDES}",
    ),
    (
        {"loss": ["dice", "ce"], "Phi": "image"},
        "grid[0].Phi: no loss of this block (dice, ce) takes it; did you mean 'phi'? the block may have"
        f" {DICE_KEYS}, {OVERRIDES}",
    ),
    (
        {"loss": "jaccard", "eps": 1e-7},
        "grid[0].eps: no loss of this block (jaccard) takes it; did you mean 'epsilon'? the block may have"
        f" {DICE_KEYS}, {OVERRIDES}",
    ),
    (
        {"loss": "ce", "batchsize": 2},
        "grid[0].batchsize: no loss of this block (ce) takes it; did you mean 'batch_size'? the block may have"
        f" {OVERRIDES}",
    ),
    (
        {"loss": "dice+ce", "mix": [1, 1]},
        "grid[0]: loss 'dice+ce': mix is 1; it must be null | a list with a number ≥ 0 per term, not all 0;"
        " one value that is a list is a list inside a list: `mix: [[1, 1]]`",
    ),
    (
        {"loss": "dice", "class_weights": [0, 2]},
        "grid[0]: loss 'dice': class_weights is 0; it must be null | a list with a number ≥ 0 per class, not all 0;"
        " one value that is a list is a list inside a list: `class_weights: [[0, 2]]`",
    ),
    (
        {"loss": "wce", "weight": [1, -2]},
        "grid[0]: loss 'wce': weight is -2; it must be balanced | a number ≥ 0 | a list with a number ≥ 0 per class,"
        " not all 0",
    ),
    (
        {"loss": "dice", "phi": "volume"},
        "grid[0]: loss 'dice': phi is 'volume'; it must be image | class | batch | all",
    ),
    (
        {"loss": "dice", "lr": [1] * 101, "epochs": [1] * 100},
        "grid: its lists multiply to 10,100 settings; at most 10,000",
    ),
    ({"loss": "dice", "lr": -1}, "grid[0].lr: input should be greater than 0, got -1"),
    ({"loss": "dice", "batch_size": 0}, "grid[0].batch_size: input should be greater than 0, got 0"),
    ({"loss": "dice", "warm_start": "no"}, f"grid[0].warm_start: {WARM_FORM}, got 'no'"),
    ({"loss": "dice", "warm_start": {"epoch": 3}}, f"grid[0].warm_start.epoch: unknown key; known: {WARM_KEYS}"),
    ({"loss": "dice", "warm_start": {"epochs": 0}}, "grid[0].warm_start.epochs: input should be greater than 0, got 0"),
]


@pytest.mark.parametrize(("grid", "expected"), BLOCKS, ids=lambda value: str(value)[:50])
def test_blocks(grid: object, expected: str) -> None:
    assert message(tiny_sweep(grid=grid)) == expected


@pytest.mark.parametrize("key", ["name", "datasets", "grid"])
def test_required_keys(key: str) -> None:
    values = yaml.safe_load(tiny_sweep())
    del values[key]
    assert message(yaml.safe_dump(values)) == f"{key}: missing; a grid needs name, datasets and grid"


def laughs(written: str) -> str:
    """Nine lines, each ten times the one before."""
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {written.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, 10)]
    return "\n".join(lines)


NOT_A_GRID = [
    ("", "a grid file is a mapping that starts with `name:`"),
    ("- name: a", "a grid file is a mapping that starts with `name:`"),
    ("name: a\nseeds: 0\nname: b\n", "line 3: key 'name' appears twice"),
    ("name: a\ntrain: {lr: 1, lr: 2}\n", "line 2: key 'lr' appears twice"),
    ("name: [", "line 1: expected the node content, but found '<stream end>'"),
    ("name: {{sweep}}", "line 1: a key is a word, got {'sweep': None}"),
    ("name: \x01", "not YAML: unacceptable character #x0001: special characters are not allowed"),
    ("name: 2024-02-31", "line 1: 2024-02-31 is no text, number, true, false or null; a text may need quotes"),
    ("name: !!python/object:os.system x", "line 1: no tags, such as tag:yaml.org,2002:python/object:os.system"),
    ("name: !mine x", "line 1: no tags, such as !mine"),
    ("name: a\nseeds: 0x_", "not YAML: invalid literal for int() with base 16: ''"),
    ("seeds: 99999999999999999999", "line 1: a whole number has at most 64 bits"),
    (f"seeds: {'9' * 5000}", "line 1: a whole number has at most 64 bits"),
    (f"seeds: 0x{'f' * 5000}", "line 1: a whole number has at most 64 bits"),
    (f"name: {'x' * 1001}", "line 1: a text has at most 1,000 characters, this one has 1,001"),
    ('name: "a\\0"', "line 1: a text is one line of letters and signs; this one holds U+0000"),
    ('name: "\\ud83d"', "line 1: a text is one line of letters and signs; this one holds U+D83D"),
    ('"a\\nb": 1', "line 1: a text is one line of letters and signs; this one holds U+000A"),
    ("a: &a [*a]", "line 1: an alias stands inside what it stands for"),
    (f"a: {'[' * 20}{']' * 20}", "line 1: lists and mappings are nested at most 20 deep"),
    (f"a: {'[' * 20_000}", "lists and mappings are nested at most 20 deep"),
    (f"a: {'{a: ' * 300}1{'}' * 300}", "line 1: lists and mappings are nested at most 20 deep"),
    (laughs("[{}]"), "line 6: at most 100,000 values, with every alias written out"),
    (laughs("{{<<: [{}]}}"), "line 6: at most 100,000 values, with every alias written out"),
    ("name: a\n---\nname: b", "line 2: but found another document"),
]


@pytest.mark.parametrize(("text", "expected"), NOT_A_GRID, ids=lambda value: repr(value)[:40])
def test_text_that_is_no_grid(text: str, expected: str) -> None:
    assert message(text) == expected


class TestFile:
    def test_the_message_names_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "grid.yaml"
        path.write_text(tiny_sweep(seeds=-1))
        with pytest.raises(GridError) as caught:
            read_sweep(path)
        assert str(caught.value) == f"{path}: seeds: whole numbers from 0 up, got -1"

    def test_a_missing_file(self, tmp_path: Path) -> None:
        path = tmp_path / "none.yaml"
        with pytest.raises(GridError) as caught:
            read_sweep(path)
        assert str(caught.value) == f"{path}: cannot be read: [Errno 2] No such file or directory: '{path}'"

    def test_a_file_that_is_not_text(self, tmp_path: Path) -> None:
        path = tmp_path / "grid.yaml"
        path.write_bytes(b"\xff\xfe")
        with pytest.raises(GridError, match="cannot be read: 'utf-8' codec"):
            read_sweep(path)


@pytest.mark.parametrize("text", [tiny_sweep(**changes) for changes, _ in TOP_LEVEL] + [text for text, _ in NOT_A_GRID])
def test_every_message_is_one_line(text: str) -> None:
    assert len(message(text).splitlines()) == 1
