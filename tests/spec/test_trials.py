"""Identity: everything that changes a trial's result is in its id, and nothing that does not."""

import dataclasses

import pytest
import yaml
from grids import FILE_LABELS, files_sweep, made_up_facts, plan_of, tiny_sweep
from hypothesis import given
from hypothesis import strategies as st

from segsweep.spec.catalogue import label, resolve
from segsweep.spec.grid import parse_sweep
from segsweep.spec.trials import DatasetFacts, Plan, Split, Trial, expand

THREE_LABELS = ("background", "anterior", "posterior")


def only(plan: Plan) -> Trial:
    (trial,) = plan.trials
    return trial


def one(**changes: object) -> Trial:
    """The one trial of a sweep of files with Dice alone."""
    return only(plan_of(files_sweep(**{"grid": {"loss": "dice"}, **changes})))


def with_facts(facts: DatasetFacts) -> Trial:
    sweep = parse_sweep(files_sweep(grid={"loss": "dice"}))
    return only(expand(sweep, {"pictures": facts}))


def named(phi: str) -> str:
    """Dice with this Φ, as tables name it."""
    return label(resolve("dice", {"phi": phi}))


class TestCount:
    @given(
        folds=st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True),
        seeds=st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True),
        networks=st.lists(st.sampled_from(["unet-s", "unet-m", "logistic"]), min_size=1, max_size=3, unique=True),
        augments=st.lists(st.sampled_from(["none", "bertels2019"]), min_size=1, max_size=2, unique=True),
        losses=st.lists(st.sampled_from(["ce", "dice", "jaccard", "lovasz"]), min_size=1, max_size=4, unique=True),
    )
    def test_trials_are_the_product_of_the_axes(self, folds, seeds, networks, augments, losses) -> None:  # type: ignore[no-untyped-def]
        axes = {"folds": {"k": 5, "run": folds}, "seeds": seeds, "network": networks, "augment": augments}
        plan = plan_of(files_sweep(**axes, grid={"loss": losses}))
        cohorts = len(folds) * len(seeds) * len(networks) * len(augments)
        assert len(plan.trials) == cohorts * len(losses)
        assert len({trial.id for trial in plan.trials}) == len(plan.trials)
        assert [len(trials) for trials in plan.cohorts().values()] == [len(losses)] * cohorts

    def test_every_phantom_is_a_dataset(self) -> None:
        block = {"phantom": {"p": [0.3, 0.48], "k": [1, 16], "r": 1}}
        assert len(plan_of(tiny_sweep(datasets=block)).trials) == 4 * 2

    def test_ids_are_16_hexadecimal_digits(self) -> None:
        assert len(one().id) == 16
        int(one().id, 16)


class TestOutOfTheId:
    @given(st.randoms(use_true_random=False))
    def test_order_of_keys_and_lists(self, random) -> None:  # type: ignore[no-untyped-def]
        values = yaml.safe_load(
            files_sweep(
                seeds=[0, 1, 2],
                network=["unet-s", "logistic"],
                grid=[{"loss": ["dice", "jaccard"], "phi": ["image", "batch"], "lr": [0.1, 0.2]}, {"loss": "ce"}],
            )
        )
        before = {trial.id for trial in plan_of(yaml.safe_dump(values)).trials}
        for entries in (values["seeds"], values["network"], values["grid"], values["grid"][0]["loss"]):
            random.shuffle(entries)
        items = list(values.items())
        random.shuffle(items)
        shuffled = yaml.safe_dump(dict(items), sort_keys=False)
        assert {trial.id for trial in plan_of(shuffled).trials} == before

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "other"},
            {"datasets": {"folder": "/elsewhere", "name": "other"}},
            {"resources": {"gpus": 0.5, "cpus": 2, "workers": 3}},
            {"report": {"metric": "jaccard", "margin": 0.05}},
            {"train": {"epochs": 2, "lr": 0.01, "batch_size": 2, "plateau": 10}},
            {"train": {"epochs": 2, "lr": 1e-2, "batch_size": 2}},
            {"grid": {"loss": "dice", "phi": "image", "epsilon": 1.0e-7}},
            {"folds": {"k": 3, "run": [0]}},
        ],
        ids=[
            "name",
            "path",
            "resources",
            "report",
            "default written out",
            "1e-2",
            "loss default",
            "k with equal splits",
        ],
    )
    def test_what_changes_no_result(self, changes: dict[str, object]) -> None:
        assert one(**changes).id == one().id

    def test_one_and_one_point_zero(self) -> None:
        assert one(train={"lr": 1}).id == one(train={"lr": 1.0}).id

    def test_the_name_of_a_phantom(self) -> None:
        named, unnamed = (
            plan_of(tiny_sweep(datasets={"phantom": {"p": 0.3, "k": 4, "r": 1}, **name}))
            for name in ({"name": "a"}, {})
        )
        assert [trial.id for trial in named.trials] == [trial.id for trial in unnamed.trials]


class TestInTheId:
    @pytest.mark.parametrize(
        "changes",
        [
            {"seeds": 1},
            {"labels": {"smooth": 0.1}},
            {"labels": {"raters": "majority"}},
            {"folds": {"k": 2, "run": [1]}},
            {"split": {"select": "fold"}},
            {"network": "unet-s"},
            {"network": {"monai": "UNet", "args": {"channels": [4], "strides": []}}},
            {"augment": "bertels2019"},
            {"augment": {"monai": [{"RandFlip": {"prob": 0.5}}]}},
            {"warm_start": "none"},
            {"warm_start": {"epochs": 2, "lr": 0.01}},
            {"train": {"epochs": 3, "lr": 0.01, "batch_size": 2}},
            {"train": {"epochs": 2, "lr": 0.02, "batch_size": 2}},
            {"train": {"epochs": 2, "lr": 0.01, "batch_size": 3}},
            {"train": {"epochs": 2, "lr": 0.01, "batch_size": 2, "amp": "off"}},
            {"train": {"epochs": 2, "lr": 0.01, "batch_size": 2, "patience": 3}},
            {"grid": {"loss": "jaccard"}},
            {"grid": {"loss": "dice", "phi": "batch"}},
            {"grid": {"loss": "dice", "epsilon": 1}},
            {"datasets": {"folder": "/nowhere/images", "name": "pictures", "size": [32, 32]}},
            {"datasets": {"folder": "/nowhere/images", "name": "pictures", "normalise": "none"}},
            {"datasets": {"folder": "/nowhere/images", "name": "pictures", "channels": [0]}},
        ],
        ids=str,
    )
    def test_what_changes_a_result(self, changes: dict[str, object]) -> None:
        assert one(**changes).id != one().id

    def test_files_labels_and_split(self) -> None:
        facts = DatasetFacts("f" * 16, FILE_LABELS, {0: Split(("a", "b"), ("c",), ("d",))})
        others = [
            dataclasses.replace(facts, fingerprint="e" * 16),
            dataclasses.replace(facts, splits={0: Split(("a",), ("b", "c"), ("d",))}),
            dataclasses.replace(facts, splits={0: Split(("a", "c"), ("b",), ("d",))}),
        ]
        assert len({with_facts(each).id for each in (facts, *others)}) == 4

    def test_the_test_set(self) -> None:
        tests = [(), ("e",), ("e", "f")]
        splits = [Split(("a", "b"), ("c",), ("d",), test) for test in tests]
        ids = [with_facts(DatasetFacts("f" * 16, FILE_LABELS, {0: split})).id for split in splits]
        assert len(set(ids)) == len(tests)

    def test_what_a_phantom_looks_like(self) -> None:
        base = {"p": 0.3, "k": 4, "r": 1}
        changed = [{}, {"p": 0.4}, {"k": 8}, {"r": 2}, {"size": 64}, {"steps": 3}, {"noise": 0.2}, {"evaluation": 7}]
        trials = [plan_of(tiny_sweep(datasets={"phantom": {**base, **each}})).trials[0] for each in changed]
        assert len({trial.id for trial in trials}) == len(changed)

    def test_the_source_of_a_users_loss(self, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
        monkeypatch.syspath_prepend(tmp_path)
        grid = {"loss": "a_users_losses:half"}
        ids = []
        for factor in ("0.5", "0.25"):
            (tmp_path / "a_users_losses.py").write_text(f"def half(logits, target):\n    return {factor}\n")
            ids.append(one(grid=grid).id)
        assert ids[0] != ids[1]


class TestCohorts:
    def test_losses_rates_and_stop_rules_share_one(self) -> None:
        block = {"loss": ["ce", "dice"], "lr": [0.1, 0.2], "epochs": [2, 3], "plateau": [1, 2], "patience": [3, 4]}
        plan = plan_of(files_sweep(grid=block))
        assert (len(plan.trials), len(plan.cohorts())) == (32, 1)

    def test_a_sweeps_train_axis_too(self) -> None:
        trains = [{"lr": 0.1}, {"lr": 0.2, "epochs": 5}]
        assert len(plan_of(files_sweep(train=trains)).cohorts()) == 1

    @pytest.mark.parametrize("override", [{"batch_size": 3}, {"warm_start": "none"}, {"warm_start": {"epochs": 5}}])
    def test_batches_and_warm_starts_do_not(self, override: dict[str, object]) -> None:
        plan = plan_of(files_sweep(grid=[{"loss": "dice"}, {"loss": "dice", **override}]))
        assert len(plan.cohorts()) == 2

    def test_folds_and_seeds_do_not(self) -> None:
        plan = plan_of(files_sweep(folds={"k": 3, "run": [0, 2]}, seeds=[0, 1]))
        assert len(plan.cohorts()) == 4

    def test_one_warm_start_for_all_losses_of_a_cohort(self) -> None:
        plan = plan_of(files_sweep(grid={"loss": ["ce", "dice"], "lr": [0.1, 0.2]}))
        assert len({trial.warm_start_id for trial in plan.trials}) == 1

    def test_from_scratch_there_is_none(self) -> None:
        assert one(warm_start="none").warm_start_id is None


class TestSeeds:
    def test_they_depend_on_fold_and_repeat_and_never_on_the_loss(self) -> None:
        plan = plan_of(
            files_sweep(
                folds={"k": 3, "run": [0, 2]}, seeds=[0, 1], network=["unet-s", "logistic"], train=[{"lr": 1}, {}]
            )
        )
        seeds = {(trial.fold, trial.seed): trial.stream_seed("batches") for trial in plan.trials}
        assert len(set(seeds.values())) == 4
        assert all(trial.stream_seed("batches") == seeds[trial.fold, trial.seed] for trial in plan.trials)

    def test_purposes_have_streams_of_their_own(self) -> None:
        assert one().stream_seed("weights") != one().stream_seed("batches")


class TestAliases:
    def settings(self, plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
        return [(trial.setting, plan.aliases.get(trial.id, ())) for trial in plan.trials]

    def test_phi_batch_at_batch_size_one(self) -> None:
        plan = plan_of(files_sweep(train={"batch_size": 1}, grid={"loss": "dice", "phi": ["image", "batch"]}))
        assert self.settings(plan) == [(named("image"), (named("batch"),))]

    def test_phi_batch_at_batch_size_two_is_no_alias(self) -> None:
        plan = plan_of(files_sweep(grid={"loss": "dice", "phi": ["image", "batch"]}))
        assert (len(plan.trials), plan.aliases) == (2, {})

    def test_phi_class_with_one_label(self) -> None:
        grid = {"loss": "jaccard", "phi": ["image", "class"]}
        assert len(plan_of(files_sweep(grid=grid)).trials) == 1
        assert len(plan_of(files_sweep(grid=grid), labels=THREE_LABELS).trials) == 2

    def test_tversky_with_halves_is_dice_and_with_ones_jaccard(self) -> None:
        grid = [{"loss": ["dice", "jaccard"]}, {"loss": "tversky", "alpha": [0.5, 1.0], "beta": [0.5, 1.0]}]
        plan = plan_of(files_sweep(grid=grid))
        assert len(plan.trials) == 4
        assert sorted(len(others) for others in plan.aliases.values()) == [1, 1]
        (dice, jaccard) = plan.trials[:2]
        assert "α=0.5" in plan.aliases[dice.id][0]
        assert "α=1" in plan.aliases[jaccard.id][0]

    def test_wce_with_weight_one_is_ce(self) -> None:
        plan = plan_of(files_sweep(grid=[{"loss": "ce"}, {"loss": "wce", "weight": [1.0, 2.0]}]))
        assert [trial.loss.name for trial in plan.trials] == ["ce", "wce"]
        assert list(plan.aliases) == [plan.trials[0].id]

    def test_the_same_cell_twice_is_one_trial_and_no_alias(self) -> None:
        plan = plan_of(files_sweep(grid=[{"loss": "dice"}, {"loss": "dice"}]))
        assert (len(plan.trials), plan.aliases) == (1, {})


class TestSettingNames:
    def test_what_differs_beside_the_loss_is_named(self) -> None:
        plan = plan_of(files_sweep(grid={"loss": "dice", "lr": [0.1, 0.001], "batch_size": [1, 8]}))
        assert [trial.setting for trial in plan.trials] == [
            f"{named('image')} B=1 lr=0.1",
            f"{named('image')} B=8 lr=0.1",
            f"{named('image')} B=1 lr=0.001",
            f"{named('image')} B=8 lr=0.001",
        ]

    def test_a_block_without_the_warm_start_says_so(self) -> None:
        plan = plan_of(files_sweep(grid=[{"loss": "ce"}, {"loss": "ce", "warm_start": "none"}]))
        assert [trial.setting for trial in plan.trials] == ["ce", "ce from scratch"]

    def test_what_a_block_leaves_as_the_sweep_has_it_goes_without_saying(self) -> None:
        plan = plan_of(files_sweep(grid=[{"loss": "ce"}, {"loss": "ce", "warm_start": "none", "lr": 0.5, "epochs": 7}]))
        assert [trial.setting for trial in plan.trials] == ["ce", "ce lr=0.5 epochs=7 from scratch"]

    def test_what_the_sweep_has_in_several_ways_is_named_everywhere(self) -> None:
        grid = [{"loss": "ce"}, {"loss": "ce", "lr": 0.5}]
        plan = plan_of(files_sweep(grid=grid, train=[{"epochs": 2}, {"epochs": 3}]))
        assert [trial.setting for trial in plan.trials] == [
            "ce epochs=2",
            "ce lr=0.5 epochs=2",
            "ce epochs=3",
            "ce lr=0.5 epochs=3",
        ]

    def test_a_block_that_states_what_the_sweep_has_is_the_same_trial(self) -> None:
        rates = plan_of(files_sweep(grid=[{"loss": "ce", "lr": 0.5}, {"loss": "ce"}], train={"lr": 0.5}))
        assert [trial.setting for trial in rates.trials] == ["ce"]

    def test_settings_that_differ_have_names_that_differ(self) -> None:
        plan = plan_of(
            files_sweep(
                augment=["none", "bertels2019", {"monai": [{"RandFlip": {"prob": 0.1}}]}],
                warm_start=["none", {"epochs": 2}, {"epochs": 3, "lr": 0.5}],
                train=[{"lr": 0.1}, {"epochs": 3}, {"plateau": 4}, {"patience": 5}, {"batch_size": 7}],
            )
        )
        assert len({trial.setting for trial in plan.trials}) == len(plan.trials)

    @pytest.mark.parametrize(
        "axis",
        [
            {"train": [{"factor": 0.2}, {"factor": 0.5}]},
            {"train": [{"amp": "auto"}, {"amp": "off"}]},
            {"warm_start": [{"epochs": 2, "patience": 3}, {"epochs": 2, "patience": 4}]},
            {"augment": [{"monai": [{"RandFlip": {"prob": 0.1}}]}, {"monai": [{"RandFlip": {"prob": 0.2}}]}]},
        ],
        ids=str,
    )
    def test_rare_differences_are_named_too(self, axis: dict[str, object]) -> None:
        plan = plan_of(files_sweep(grid={"loss": "ce"}, **axis))
        assert len({trial.setting for trial in plan.trials}) == len(plan.trials) == 2

    def test_networks_that_differ_in_an_argument_have_names_that_differ(self) -> None:
        networks = [{"monai": "UNet", "args": {"channels": width, "strides": [2]}} for width in ([4, 8], [8, 16])]
        plan = plan_of(files_sweep(grid={"loss": "ce"}, network=networks))
        assert [trial.network.name for trial in plan.trials] == [
            "UNet(channels=[4,8],strides=[2])",
            "UNet(channels=[8,16],strides=[2])",
        ]


def test_facts_are_looked_up_by_the_name_of_the_dataset() -> None:
    sweep = parse_sweep(tiny_sweep(datasets=[{"folder": "a"}, {"folder": "b"}], grid={"loss": "ce"}))
    facts = made_up_facts(sweep)
    facts["b"] = dataclasses.replace(facts["b"], fingerprint="another")
    first, second = expand(sweep, facts).trials
    assert (first.facts.fingerprint, second.facts.fingerprint) == ("0123456789abcdef", "another")
    assert first.id != second.id


def test_phantoms_choose_their_checkpoint_on_cases_of_their_own_whatever_the_split() -> None:
    inner, fold = (plan_of(tiny_sweep(split={"select": select})).trials for select in ("inner", "fold"))
    assert [trial.id for trial in inner] == [trial.id for trial in fold]
