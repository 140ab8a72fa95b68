"""The cache of decoded cases: what is in it, and that it is made once."""

import os
import re
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from tiny_datasets import write_decathlon, write_nifti, write_picture, write_pictures

from segsweep.data.cache import cache_folder
from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.decoded import Decoded
from segsweep.errors import DataError
from segsweep.spec.datasets import FileDataset

DAY = 24 * 3600.0
MILLIMETRES = np.diag([2.0, 1.0, 0.5, 1.0])


def dataset(folder: Path, source: str = "folder", **settings: object) -> FileDataset:
    keys = ("spacing", "resize", "size", "normalise", "channels")
    preprocess = {key: settings.pop(key) for key in keys if key in settings}
    values = {"source": source, "path": folder, "name": "a", "preprocess": preprocess, **settings}
    return FileDataset.model_validate(values)


def decode(block: FileDataset, fingerprint: str = "f") -> Decoded:
    return decode_dataset(block, fingerprint)


def complaint(block: FileDataset) -> str:
    with pytest.raises(DataError) as caught:
        decode(block)
    return str(caught.value)


def left_in_the_cache() -> list[str]:
    """Lock files aside."""
    folder = cache_folder() / "decoded"
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") if folder.exists() else []


class TestContent:
    def test_pictures_on_their_own_grid(self, tmp_path: Path) -> None:
        found = decode(dataset(write_pictures(tmp_path, 3), normalise="none"))
        assert (found.images.shape, found.targets.shape) == ((3, 3, 16, 16), (3, 16, 16))
        assert (found.labels, [case.id for case in found.cases]) == (
            ("background", "foreground"),
            ["case-00", "case-01", "case-02"],
        )
        for position, case in enumerate(found.cases):
            target = found.targets[position]
            assert case.voxels == ((target == 0).sum(), (target == 1).sum())
            np.testing.assert_array_equal(found.native_labels(position), target[None])
            inside, outside = (found.images[position, 0][target == value].mean() for value in (1, 0))
            assert inside - outside > 100  # the square is bright where the mask says so

    def test_native_labels_of_cases_that_differ_in_size(self, tmp_path: Path) -> None:
        sizes = [(8, 6), (5, 9), (7, 7)]
        labels = [np.random.default_rng(number).integers(0, 2, size, np.uint8) for number, size in enumerate(sizes)]
        for number, label in enumerate(labels):
            write_picture(tmp_path / "images" / f"{number}.png", label * 100)
            write_picture(tmp_path / "masks" / f"{number}.png", label)
        found = decode(dataset(tmp_path, size=[8, 8]))
        for number, label in enumerate(labels):
            np.testing.assert_array_equal(found.native_labels(number)[0], label)

    def test_a_volume_at_another_spacing(self, tmp_path: Path) -> None:
        found = decode(dataset(write_decathlon(tmp_path, 1, affine=MILLIMETRES), "msd", spacing=[1, 1, 1]))
        (case,) = found.cases
        assert found.images.shape == (1, 1, 20, 8, 3)
        assert (case.geometry.native, case.geometry.spacing) == ((10, 8, 6), (2.0, 1.0, 0.5))
        assert case.geometry.voxel_volume == pytest.approx(0.001)
        # slabs of 2 × 4 × 6 voxels become 4 × 4 × 3
        assert np.bincount(found.native_labels(0).ravel())[1:].tolist() == [48, 48]
        assert case.voxels[1:] == (48, 48)

    def test_channels_are_picked_in_the_order_asked_for(self, tmp_path: Path) -> None:
        folder = write_pictures(tmp_path, 1)
        everything = decode(dataset(folder, normalise="none")).images
        some = decode(dataset(folder, normalise="none", channels=[2, 0])).images
        np.testing.assert_array_equal(some, everything[:, [2, 0]])

    def test_what_is_cut_off_is_measured(self, tmp_path: Path) -> None:
        """A column of ten labelled pixels, of which the middle 6 rows stay."""
        label = np.zeros((10, 10), dtype=np.uint8)
        label[:, 5] = 1
        write_picture(tmp_path / "images" / "a.png", label * 100)
        write_picture(tmp_path / "masks" / "a.png", label)
        (case,) = decode(dataset(tmp_path, size=[6, 10])).cases
        assert case.voxels[1] == 6
        assert case.cut_off == (0.0, pytest.approx(0.4))

    def test_nothing_is_cut_off_by_padding_or_of_a_label_that_is_not_there(self, tmp_path: Path) -> None:
        blank = np.zeros((4, 4), dtype=np.uint8)
        write_picture(tmp_path / "images" / "a.png", blank)
        write_picture(tmp_path / "masks" / "a.png", blank)
        (case,) = decode(dataset(tmp_path, size=[2, 8])).cases
        assert case.cut_off == (0.0, 0.0)

    def test_padding_is_the_darkest_value_of_the_image(self, tmp_path: Path) -> None:
        image = np.array([[10, 200], [60, 250]], dtype=np.uint8)
        write_picture(tmp_path / "images" / "a.png", image)
        write_picture(tmp_path / "masks" / "a.png", np.ones((2, 2), dtype=np.uint8))
        found = decode(dataset(tmp_path, size=[4, 2], normalise="none"))
        assert found.images[0, 0].tolist() == [[10, 10], [10, 200], [60, 250], [10, 10]]
        assert found.targets[0].tolist() == [[0, 0], [1, 1], [1, 1], [0, 0]]

    def test_voxels_to_ignore_are_no_label(self, tmp_path: Path) -> None:
        label = np.array([[0, 1, 9], [1, 9, 9]], dtype=np.uint8)
        write_picture(tmp_path / "images" / "a.png", label)
        write_picture(tmp_path / "masks" / "a.png", label)
        found = decode(dataset(tmp_path, ignore=9))
        assert found.targets[0].tolist() == [[0, 1, 255], [1, 255, 255]]
        assert (found.ignores, found.cases[0].voxels) == (True, (1, 2))

    def test_raters(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 2)
        masks = np.random.default_rng(0).integers(0, 2, (2, 2, 16, 16), dtype=np.uint8)
        for case in range(2):
            for rater, name in enumerate(("ann", "bob")):
                write_picture(tmp_path / "raters" / f"case-{case:02d}__{name}.png", masks[case, rater] * 255)
        found = decode(dataset(tmp_path))
        for case in range(2):
            assert found.cases[case].raters == ("ann", "bob")
            np.testing.assert_array_equal(found.rater_labels(case), masks[case])
            np.testing.assert_array_equal(found.native_labels(case)[1:], masks[case])
            assert found.cases[case].rater_voxels[1][1] == masks[case, 1].sum()


class TestOnce:
    def test_opened_again_without_decoding(self, tmp_path: Path) -> None:
        block = dataset(write_pictures(tmp_path, 2))
        done: list[tuple[int, int]] = []
        first = decode_dataset(block, "f", lambda *at: done.append(at))
        (tmp_path / "images" / "case-00.png").write_bytes(b"")
        again = decode_dataset(block, "f", lambda *at: done.append(at))
        assert done == [(1, 2), (2, 2)]
        assert again.cases == first.cases
        np.testing.assert_array_equal(again.images, first.images)

    def test_another_fingerprint_or_preprocessing_is_decoded_apart(self, tmp_path: Path) -> None:
        folder = write_pictures(tmp_path, 2)
        decode(dataset(folder))
        decode(dataset(folder), fingerprint="g")
        decode(dataset(folder, resize=[8, 8]))
        assert len(left_in_the_cache()) == 3

    def test_what_is_opened_cannot_be_written_to(self, tmp_path: Path) -> None:
        found = decode(dataset(write_pictures(tmp_path, 1)))
        with pytest.raises(ValueError, match="read-only"):
            found.images[0] = 0

    def test_further_columns_of_meta_csv_are_read_anew(self, tmp_path: Path) -> None:
        """They are no part of the fingerprint, so the cache must not hold them."""
        folder = write_pictures(tmp_path, 1, groups=["x"])
        decode(dataset(folder))
        (folder / "meta.csv").write_text("id,group,site\ncase-00,x,Leuven\n")
        assert decode(dataset(folder)).cases[0].meta == {"group": "x", "site": "Leuven"}

    def test_two_processes_at_once(self, tmp_path: Path) -> None:
        block = dataset(write_pictures(tmp_path, 4))
        context = get_context("fork")
        results = context.Queue()
        start = context.Barrier(2)

        def open_it() -> None:
            start.wait()
            decoded_here: list[int] = []
            found = decode_dataset(block, "f", lambda done, _: decoded_here.append(done))
            results.put((decoded_here, float(found.images.sum())))

        workers = [context.Process(target=open_it) for _ in range(2)]
        for worker in workers:
            worker.start()
        found = [results.get(timeout=60) for _ in workers]
        for worker in workers:
            worker.join()
        assert sorted(decoded for decoded, _ in found) == [[], [1, 2, 3, 4]]
        assert found[0][1] == found[1][1]
        assert len(left_in_the_cache()) == 1


class TestBound:
    def test_what_was_not_used_for_longest_makes_room(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        block = dataset(write_pictures(tmp_path, 3))
        first = decode(block, "first")
        (oldest,) = left_in_the_cache()
        decode(block, "second")
        for age, name in enumerate([*(set(left_in_the_cache()) - {oldest}), oldest], start=1):
            used = cache_folder() / "decoded" / name / ".used"
            os.utime(used, (0, time.time() - age * DAY))
        size = sum(path.stat().st_size for path in (cache_folder() / "decoded" / oldest).iterdir())
        monkeypatch.setenv("SEGSWEEP_CACHE_GIB", str(2.5 * size / 2**30))
        decode(block, "third")
        kept = left_in_the_cache()
        assert (len(kept), oldest in kept) == (2, False)
        assert np.isfinite(first.images).all()  # a process that has it open can read on

    def test_what_was_used_lately_stays(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEGSWEEP_CACHE_GIB", "1e-9")
        block = dataset(write_pictures(tmp_path, 3))
        for fingerprint in ("first", "second"):
            decode(block, fingerprint)
        assert len(left_in_the_cache()) == 2

    def test_opening_is_use(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        block = dataset(write_pictures(tmp_path, 3))
        decode(block, "first")
        (name,) = left_in_the_cache()
        os.utime(cache_folder() / "decoded" / name / ".used", (0, 0))
        monkeypatch.setenv("SEGSWEEP_CACHE_GIB", "1e-9")
        decode(block, "first")
        decode(block, "second")
        assert name in left_in_the_cache()


class TestFailure:
    def test_shapes_differ(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 2)
        mask = tmp_path / "masks" / "case-01.png"
        write_picture(mask, np.zeros((16, 15), dtype=np.uint8))
        assert complaint(dataset(tmp_path)) == (
            f"case case-01: the image has [16, 16] voxels, its label [16, 15] ({mask})"
        )

    def test_a_label_that_does_not_lie_where_its_image_lies(self, tmp_path: Path) -> None:
        """Shapes agree, but one affine mirrors the left-right axis: brought to RAS, the label would be mirrored."""
        write_decathlon(tmp_path, 2)
        label = tmp_path / "labelsTr" / "case_001.nii.gz"
        write_nifti(label, np.zeros((10, 8, 6), dtype=np.uint8), np.diag([-1.0, 1.0, 1.0, 1.0]))
        assert complaint(dataset(tmp_path, "msd")) == (
            f"case case_001: {label} does not lie where its image lies: their affines differ, so that a voxel of one is"
            " another place in the other"
        )

    def test_sizes_differ_without_size(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 2)
        for kind in ("images", "masks"):
            write_picture(tmp_path / kind / "case-01.png", np.zeros((16, 15), dtype=np.uint8))
        assert complaint(dataset(tmp_path, channels=[0])) == (
            "case case-01: [16, 15] voxels on the training grid, case case-00 has [16, 16];"
            " `size` pads or crops all to one shape"
        )

    def test_channels_differ(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 2)
        write_picture(tmp_path / "images" / "case-01.png", np.zeros((16, 16), dtype=np.uint8))
        assert complaint(dataset(tmp_path)) == ("case case-01: 1 channels, case case-00 has 3; `channels` picks some")

    def test_a_channel_that_is_not_there(self, tmp_path: Path) -> None:
        expected = "case case-00: `channels` asks for 3; the image has 3"
        assert complaint(dataset(write_pictures(tmp_path, 1), channels=[0, 3])) == expected

    def test_nan_voxels(self, tmp_path: Path) -> None:
        folder = write_decathlon(tmp_path, 2)
        path = folder / "imagesTr" / "case_001.nii.gz"
        write_nifti(path, np.full((10, 8, 6), np.nan, dtype=np.float32))
        assert complaint(dataset(folder, "msd")) == f"case case_001: {path}: the image holds NaN or infinity"

    def test_an_undeclared_label_value(self, tmp_path: Path) -> None:
        folder = write_decathlon(tmp_path, 1)
        path = folder / "labelsTr" / "case_000.nii.gz"
        write_nifti(path, np.full((10, 8, 6), 3, dtype=np.uint8))
        assert complaint(dataset(folder, "msd")).startswith(
            f"case case_000: {path}: label value 3 is not declared; declared: 0 background, 1 anterior, 2 posterior; "
        )

    def test_another_number_of_axes(self, tmp_path: Path) -> None:
        expected = "case case_000: `size` has 2 numbers, the image 3 axes"
        assert complaint(dataset(write_decathlon(tmp_path, 1), "msd", size=[8, 8])) == expected

    def test_nothing_is_left_behind(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 2)
        (tmp_path / "images" / "case-01.png").write_bytes(b"damaged")
        path = re.escape(str(tmp_path / "images" / "case-01.png"))
        assert re.match(f"case case-01: {path} cannot be read: ", complaint(dataset(tmp_path)))
        assert left_in_the_cache() == []
        assert os.listdir(tmp_path / "images") != []

    def test_a_repaired_file_is_decoded_then(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 2)
        path = tmp_path / "images" / "case-01.png"
        whole = path.read_bytes()
        path.write_bytes(b"damaged")
        complaint(dataset(tmp_path))
        path.write_bytes(whole)
        assert len(decode(dataset(tmp_path)).cases) == 2
