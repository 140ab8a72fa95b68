"""Networks that are kept from a sweep, and what they say about images."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import nibabel
import numpy as np
import pytest
from launching import Bench
from numpy.typing import NDArray
from PIL import Image
from tiny_datasets import write_decathlon, write_nnunet, write_picture, write_pictures

from segsweep.errors import InputError
from segsweep.orchestration.home import Home
from segsweep.orchestration.keeping import keep
from segsweep.orchestration.launch import Launched
from segsweep.orchestration.predicting import predict
from segsweep.reports.threshold_choice import Choice
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import RegisteredModel

FROM_THE_SIDE = np.array([[0, 0, -2.0, 30], [-1.5, 0, 0, 20], [0, 0.5, 0, -10], [0, 0, 0, 1]])
"""Axes in another order than RAS, two of them turned round; 1.5 µl voxels."""
Row = dict[str, Any]
Models = tuple[RegisteredModel, ...]
Keep = Callable[..., Models]


class Swept(NamedTuple):
    """Two losses on pictures that are larger than the grid they are trained on."""

    bench: Bench
    launched: Launched
    pictures: Path


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """One launch for the whole file; nothing is read of its cache of decoded cases again."""
    folder = tmp_path_factory.mktemp("swept")
    pictures = write_pictures(folder / "pictures", size=(21, 18))
    bench = Bench(folder, Home(folder / "home"), MemoryTracker())
    return Swept(bench, launch_on(bench, {"folder": str(pictures), "resize": [16, 16]}), pictures)


@pytest.fixture
def kept(swept: Swept, request: pytest.FixtureRequest) -> Keep:
    """Registers trials as versions of a model of this test's own."""

    def register(*trials: str, bench: Bench = swept.bench, choice: Choice = Choice.FIXED) -> Models:
        return keep("tiny", trials, bench.tracker, name=request.node.originalname, choice=choice)

    return register


def launch_on(bench: Bench, dataset: Row, **changes: Any) -> Launched:
    train = {"epochs": 2, "lr": 0.05, "batch_size": 2}
    return bench.launch(datasets=dataset, keep="weights", train=train, **changes)


def ids(launched: Launched) -> list[str]:
    return [entry.trial for entry in launched.manifest.entries]


def cases_of(bench: Bench, trial: str, split: str, label: str = "foreground") -> list[Row]:
    rows = bench.tables().cases.to_pylist()
    return [row for row in rows if (row["trial"], row["split"], row["label"]) == (trial, split, label)]


def applied(tracker: MemoryTracker, model: RegisteredModel, images: list[Path], out: Path) -> dict[str, list[Row]]:
    """Rows of the table of volumes, by label."""
    address = f"{model.name}/{model.version}"
    found = predict(address, [str(path) for path in images], out, tracker, lambda done, total: None)
    rows = rows_of(found.volumes)
    return {label: [row for row in rows if row["label"] == label] for label in {row["label"] for row in rows}}


def rows_of(volumes: Path) -> list[Row]:
    return list(csv.DictReader(volumes.read_text().splitlines()))


def dice(mask: NDArray[np.generic], true: NDArray[np.generic]) -> float:
    return float(2 * np.count_nonzero(mask & true) / (np.count_nonzero(mask) + np.count_nonzero(true)))


class TestPictures:
    def test_validation_cases_get_the_volumes_of_the_evaluation(self, swept: Swept, kept: Keep, tmp_path: Path) -> None:
        bench, launched, pictures = swept
        trial = ids(launched)[1]
        (model,) = kept(trial)
        cases = cases_of(bench, trial, "val")
        images = [pictures / "images" / f"{row['case']}.png" for row in cases]
        rows = applied(bench.tracker, model, images, tmp_path / "out")["foreground"]
        assert [float(row["volume_hard"]) for row in rows] == [case["volume_hard"] for case in cases]
        assert any(case["volume_hard"] for case in cases)
        # a sum over another number of images at a time is rounded otherwise
        soft = [case["volume_soft"] for case in cases]
        np.testing.assert_allclose([float(row["volume_soft"]) for row in rows], soft, rtol=1e-6)
        for row, case in zip(rows, cases, strict=True):
            mask = np.asarray(Image.open(row["mask"]))
            true = np.asarray(Image.open(pictures / "masks" / f"{case['case']}.png")) > 0
            assert mask.shape == (21, 18)
            assert dice(mask == 1, true) == pytest.approx(case["dice"])
            assert row["unit"] == case["unit"] == "px"

    def test_volumes_are_recalibrated_by_a_line_through_the_training_cases(
        self, swept: Swept, kept: Keep, tmp_path: Path
    ) -> None:
        bench, launched, pictures = swept
        trial = ids(launched)[0]
        (model,) = kept(trial)
        training = cases_of(bench, trial, "train")
        (row,) = applied(bench.tracker, model, [pictures / "images" / "case-03.png"], tmp_path / "out")["foreground"]
        for kind in ("soft", "hard"):
            predicted = np.array([case[f"volume_{kind}"] for case in training])
            errors = predicted - np.array([case["volume_true"] for case in training])
            volume = float(row[f"volume_{kind}"])
            wanted = volume - np.polyval(np.polyfit(predicted, errors, 1), volume)
            assert float(row[f"volume_{kind}_recalibrated"]) == pytest.approx(wanted)

    @pytest.mark.parametrize("choice", [Choice.HALF, Choice.BEST])
    def test_another_threshold_decides_masks_and_hard_volumes(
        self, swept: Swept, kept: Keep, tmp_path: Path, choice: Choice
    ) -> None:
        bench, launched, pictures = swept
        trial = ids(launched)[0]
        (model,) = kept(trial, choice=choice)
        step = round(float(model.tags["segsweep.threshold"]) * 100)
        training = cases_of(bench, trial, "train")
        scores = [
            2 * np.array(case["true_positive_at"]) / (np.array(case["predicted_at"]) + case["tp"] + case["fn"])
            for case in training
        ]
        means = np.mean(scores, axis=0)
        assert means[step] == means.max() if choice is Choice.BEST else step == round(means.max() / 2 * 100)
        cases = cases_of(bench, trial, "val")
        images = [pictures / "images" / f"{row['case']}.png" for row in cases]
        rows = applied(bench.tracker, model, images, tmp_path / "out")["foreground"]
        volumes = [float(row["volume_hard"]) for row in rows]
        assert volumes == [case["predicted_at"][step] for case in cases]
        assert [np.count_nonzero(Image.open(row["mask"])) for row in rows] == volumes
        line = json.loads(model.tags["segsweep.label.1"])["hard"]
        fitted = np.array([case["predicted_at"][step] for case in training], dtype=float)
        errors = fitted - np.array([case["volume_true"] for case in training])
        assert [line["slope"], line["intercept"]] == pytest.approx(list(np.polyfit(fitted, errors, 1)))


class TestVolumes:
    def test_a_mask_lies_where_its_image_lies_whatever_the_order_of_its_axes(
        self, bench: Bench, kept: Keep, tmp_path: Path
    ) -> None:
        folder = write_decathlon(tmp_path / "volumes", affine=FROM_THE_SIDE)
        launched = launch_on(bench, {"msd": str(folder), "size": [16, 16, 16]}, network="unet-s", grid={"loss": "dice"})
        (trial,) = ids(launched)
        (model,) = kept(trial, bench=bench)
        names = [row["case"] for row in cases_of(bench, trial, "val", "anterior")]
        images = [folder / "imagesTr" / f"{name}.nii.gz" for name in names]
        found = applied(bench.tracker, model, images, tmp_path / "out")
        for value, label in enumerate(("anterior", "posterior"), start=1):
            judged = cases_of(bench, trial, "val", label)
            assert [float(row["volume_hard"]) for row in found[label]] == [case["volume_hard"] for case in judged]
            for row, case in zip(found[label], judged, strict=True):
                mask = nibabel.load(row["mask"])
                true = nibabel.load(folder / "labelsTr" / f"{case['case']}.nii.gz")
                seen = np.asarray(mask.dataobj)
                assert mask.get_data_dtype() == np.uint8
                np.testing.assert_array_equal(mask.affine, FROM_THE_SIDE)
                assert dice(seen == value, np.asarray(true.dataobj) == value) == pytest.approx(case["dice"])
                assert np.count_nonzero(seen == value) * 1.5e-3 == pytest.approx(case["volume_hard"])
                assert row["unit"] == "ml"
        assert sum(float(row["volume_hard"]) for rows in found.values() for row in rows) > 0

    def test_an_image_may_have_a_file_per_channel(self, bench: Bench, kept: Keep, tmp_path: Path) -> None:
        folder = write_nnunet(tmp_path / "channels")
        (trial,) = ids(launch_on(bench, {"nnunet": str(folder)}, grid={"loss": "dice"}))
        (model,) = kept(trial, bench=bench)
        case = cases_of(bench, trial, "val", "lesion")[0]
        files = [str(folder / "imagesTr" / f"{case['case']}_{channel:04d}.nii.gz") for channel in (0, 1)]
        found = predict(model.name, [",".join(files)], tmp_path / "out", bench.tracker, lambda done, total: None)
        (row,) = rows_of(found.volumes)
        assert float(row["volume_hard"]) == case["volume_hard"]
        with pytest.raises(InputError, match=r"^case \w+: the image has 1 channels, the network takes 2$"):
            applied(bench.tracker, model, [Path(files[0])], tmp_path / "out")


class TestKeeping:
    def test_a_version_says_what_it_is(self, swept: Swept, kept: Keep) -> None:
        models = kept(*ids(swept.launched))
        assert [model.version for model in models] == [1, 2]
        for model, entry in zip(models, swept.launched.manifest.entries, strict=True):
            said = {key.removeprefix("segsweep."): value for key, value in model.tags.items()}
            for key in ("trial", "setting", "loss", "arguments", "dataset", "fold", "seed"):
                assert said[key] == str(entry.row[key])
            assert (said["sweep"], said["threshold"], said["unit"]) == ("tiny", "0.5", "px")
            assert model.run_id == entry.run_id

    def test_a_model_that_is_there_is_not_registered_twice(self, swept: Swept, kept: Keep) -> None:
        trial = ids(swept.launched)[0]
        assert kept(trial) == kept(trial, trial)
        (other,) = kept(trial, choice=Choice.BEST)
        assert other.version == 2

    def test_keeping_changes_no_trial(self, bench: Bench) -> None:
        plain, tables = bench.launch(), bench.tables()
        bench.tracker, bench.home = MemoryTracker(), Home(bench.folder / "another")
        assert ids(bench.launch(keep="weights")) == ids(plain)
        assert bench.tables().cases.equals(tables.cases)

    def test_what_cannot_be_kept(self, bench: Bench, swept: Swept, kept: Keep) -> None:
        with pytest.raises(InputError, match=r"^tiny has no trial 'abc'; `segsweep status tiny` lists them$"):
            kept(ids(swept.launched)[0], "abc")
        assert swept.bench.tracker.models("test_what_cannot_be_kept") == ()
        plain = ids(bench.launch())[0]
        with pytest.raises(InputError, match=rf"^trial {plain} left no weights: .* `keep: weights` in its grid$"):
            kept(plain, bench=bench)

    def test_a_threshold_needs_training_cases(self, bench: Bench, kept: Keep) -> None:
        trial = ids(bench.launch(keep="weights"))[0]
        (model,) = kept(trial, bench=bench)
        assert json.loads(model.tags["segsweep.label.1"]) == {"label": "lesion", "soft": None, "hard": None}
        with pytest.raises(InputError, match=rf"^trial {trial}: no training case has a true voxel"):
            kept(trial, bench=bench, choice=Choice.BEST)


class TestImagesThatDoNotFit:
    @pytest.fixture
    def refusal(self, swept: Swept, kept: Keep, tmp_path: Path) -> Callable[..., str]:
        (model,) = kept(ids(swept.launched)[0])

        def told(*images: Path, out: Path = tmp_path / "out") -> str:
            with pytest.raises(InputError) as refused:
                applied(swept.bench.tracker, model, list(images), out)
            return str(refused.value)

        return told

    def test_no_such_file(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        path = tmp_path / "none.png"
        assert refusal(path).startswith(f"case none: {path} cannot be read: ")

    def test_grey_where_colours_were_trained_on(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        path = write_picture(tmp_path / "grey.png", np.zeros((21, 18), dtype=np.uint8))
        assert refusal(path) == "case grey: the image has 1 channels, the network takes 3"

    def test_a_volume_where_pictures_were_trained_on(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        path = write_decathlon(tmp_path / "volumes", 1) / "imagesTr" / "case_000.nii.gz"
        assert refusal(path) == f"case case_000: {path} has 3 axes, the network was trained on 2"

    def test_masks_take_no_others_place(self, refusal: Callable[..., str], swept: Swept) -> None:
        path = swept.pictures / "images" / "case-01.png"
        before = path.read_bytes()
        assert refusal(path, out=path.parent).startswith(f"--out: the mask of {path} would take the place of {path};")
        assert path.read_bytes() == before
        assert refusal(path, swept.pictures / "masks" / "case-01.png").startswith(f"the masks of {path} and ")

    @pytest.mark.parametrize(
        ("address", "reason"),
        [
            ("others", r"no model named 'others' is registered here; `segsweep keep` registers trials"),
            ("test_no_such_model/7", r"test_no_such_model/7: test_no_such_model has no such version; it has 1"),
        ],
    )
    def test_no_such_model(self, swept: Swept, kept: Keep, tmp_path: Path, address: str, reason: str) -> None:
        kept(ids(swept.launched)[0])
        with pytest.raises(InputError, match=f"^{reason}$"):
            predict(address, ["a.png"], tmp_path, swept.bench.tracker, lambda done, total: None)
