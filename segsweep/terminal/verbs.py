"""What the commands print."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING

from segsweep.records.manifest import Manifest
from segsweep.reports.numbers import count
from segsweep.terminal.console import print_columns, say

if TYPE_CHECKING:
    from segsweep.orchestration.garbage import Garbage
    from segsweep.orchestration.launch import Launched
    from segsweep.orchestration.planning import Planned
    from segsweep.orchestration.predicting import Predicted
    from segsweep.orchestration.sweep_report import SweepReport
    from segsweep.orchestration.sync import Synced
    from segsweep.tracking.protocol import RegisteredModel


@contextmanager
def copying() -> Iterator[Callable[[str, int, int], None]]:
    """A bar of bytes while datasets come from a bucket; nothing where all of them are on this node."""
    with ExitStack() as shown:

        @cache
        def bar() -> Callable[[str, int, int], None]:
            from segsweep.terminal.bars import fetching  # noqa: PLC0415 (most plans need not pay)

            return shown.enter_context(fetching())

        def update(dataset: str, done: int, total: int) -> None:
            bar()(dataset, done, total)

        yield update


def print_plan(planned: "Planned") -> None:
    """Trials, cohorts and aliases."""
    from segsweep.orchestration.study import studies  # noqa: PLC0415 (together with the plan itself)

    plan = planned.plan
    header = ("trial", "cohort", "dataset", "fold", "seed", "network", "loss setting")
    print_columns(
        header,
        [
            (trial.id, trial.cohort, trial.dataset.name, trial.fold, trial.seed, trial.network.name, trial.setting)
            for trial in plan.trials
        ],
    )
    settings = {trial.id: trial.setting for trial in plan.trials}
    same = {(settings[trial], other) for trial, others in plan.aliases.items() for other in others}
    for setting, other in sorted(same):
        say(f"{other} is the same as {setting} here: trained once")
    for dataset, held_out in {trial.dataset.name: len(trial.split.test) for trial in plan.trials}.items():
        if held_out:
            say(f"{dataset}: a test set of {count(held_out, 'case')}, which no fold has and every trial is judged by")
    if planned.sweep.space is not None:
        search, folds, seeds = planned.sweep.search, planned.sweep.folds.numbers(), planned.sweep.seeds
        drawn = f"{search.sampler} draws {count(search.trials or 0, 'candidate')}"
        places = f"in each of {count(len(studies(planned)), 'study', 'studies')}"
        each = f"of {count(len(folds) * len(seeds), 'trial')} each"
        say(f"a search: these are the ends of its ranges; {drawn} {places}, {each}")
    warm_starts = {trial.warm_start_id for trial in plan.trials} - {None}
    say(
        f"{planned.sweep.name}: {count(len(plan.trials), 'trial')} in {count(len(plan.cohorts()), 'cohort')},"
        f" {count(len(warm_starts), 'warm start')}"
    )


def print_launched(launched: "Launched") -> None:
    """How a launch ended, its report and where it lies."""
    from segsweep.orchestration.collect import why_unfinished  # noqa: PLC0415 (pyarrow, which a plan need not pay)

    counts = Counter(entry.state for entry in launched.manifest.entries)
    for entry in launched.manifest.entries:
        if entry.state not in ("finished", "searched"):
            say(f"{entry.state}: {entry.row['setting']} fold {entry.row['fold']}: {why_unfinished(entry)}")
    for run in launched.refused:
        say(f"not taken by the tracking store, kept in the spool: {run.description.name}: {run.refused}")
    print_report(launched.report)
    summary = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    if launched.untried:
        say(f"{count(launched.untried, 'candidate')} still to be tried; the same command goes on")
    say(f"{launched.manifest.sweep}: {count(launched.started, 'trial')} run now; {summary}")
    if launched.postponed:
        trials = count(launched.postponed, "trial")
        say(f"{trials} would have ended after --max-hours; the same command goes on with them")


def print_synced(synced: "Sequence[Synced]") -> None:
    """A line per sweep that was copied, and a sum per store."""
    for store in synced:
        for sweep, runs in store.copied.items():
            say(f"{sweep}: {count(runs, 'run')} copied" if runs else f"{sweep}: all there")
        for run in store.refused:
            say(f"not taken by {store.store}, kept in the spool: {run.description.name}: {run.refused}")
        copied = f", {sum(store.copied.values())} copied" if store.copied else ""
        say(f"{store.store}: {count(store.delivered, 'run')} delivered{copied}")
    if not synced:
        say("nothing waits to be delivered")


def print_kept(models: "Sequence[RegisteredModel]") -> None:
    """A line per version."""
    for model in models:
        named = {key.removeprefix("segsweep."): value for key, value in model.tags.items()}
        where = f"{named['dataset']} fold {named['fold']} seed {named['seed']}"
        say(f"{model.name}/{model.version}: {named['setting']}  {where}, threshold {named['threshold']}")


def print_predicted(predicted: "Predicted") -> None:
    """What was written and where."""
    model = predicted.model
    say(f"{model.name}/{model.version}: {count(len(predicted.masks), 'mask')}, volumes in {predicted.volumes}")


def print_report(report: "SweepReport") -> None:
    """A report on the terminal, and where its page is."""
    say(report.summary)
    say(f"report: {report.html}")


def print_status(manifest: Manifest) -> None:
    """A line per trial and a sum."""
    header = ("trial", "state", "dataset", "fold", "seed", "loss setting", "reason")
    print_columns(
        header,
        [
            (
                entry.trial,
                entry.state,
                *(entry.row[key] for key in ("dataset", "fold", "seed", "setting")),
                entry.reason or "",
            )
            for entry in manifest.entries
        ],
    )
    counts = Counter(entry.state for entry in manifest.entries)
    say(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))


def print_garbage(found: "Sequence[Garbage]", *, deleted: bool) -> None:
    """What may go, and what it comes to."""
    if found:
        print_columns(("bytes", "what", "why"), [(item.size, item.name, item.why) for item in found])
    size = sum(item.size for item in found) / 2**20
    told = "deleted" if deleted else "may go; --delete deletes it"
    say(f"{count(len(found), 'item')}, {size:.1f} MiB {told}" if found else "nothing may go")
