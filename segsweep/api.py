"""The verbs of the command line as functions, for notebooks and other programs."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from segsweep.errors import GridError, TrackingError
from segsweep.orchestration.estimate import Estimate, estimate_of
from segsweep.orchestration.executor import Executor
from segsweep.orchestration.holding import hold_sync
from segsweep.orchestration.home import Home
from segsweep.orchestration.launch import Launch, Launched
from segsweep.orchestration.left import Left
from segsweep.orchestration.outlook import measured
from segsweep.orchestration.planning import Planned, check_all, plan_sweep, unusable
from segsweep.orchestration.slices import Slice
from segsweep.orchestration.spent import trained
from segsweep.orchestration.sweep_report import SweepReport, gather, report_again
from segsweep.orchestration.time_limit import time_limit
from segsweep.orchestration.watcher import SilentWatcher, Watcher
from segsweep.spec.tiny import as_written, made_tiny
from segsweep.store.claims import Claims, Observer
from segsweep.tracking.protocol import RegisteredModel, Tracker

if TYPE_CHECKING:
    import pandas as pd

    from segsweep.orchestration.predicting import Predicted
    from segsweep.orchestration.sync import Synced


class Frames(NamedTuple):
    """The two tables that every report is a function of; their columns are described in `segsweep.records.schemas`."""

    trials: "pd.DataFrame"
    cases: "pd.DataFrame"


def plan(grid: Path | str, *, check: bool = False, tiny: bool = False, watcher: Watcher | None = None) -> Planned:
    """The trials that a grid comes to.

    Args:
        grid: file.
        tiny: few cases, few epochs and few values of every axis, to see that it runs.
        check: also decode every case and build every network and loss that MONAI or the user provides.
        watcher: told of the decoding, and what was found in the data.

    Raises:
        InputError: the grid file or its data cannot be used.
    """
    told = watcher or SilentWatcher()
    with told.copying() as copied:
        planned = _plan(grid, copied, tiny=tiny)
    if check:
        with told.decoding() as progress:
            check_all(planned, progress, told.on_notice)
    return planned


def estimate(
    grid: Path | str,
    *,
    tiny: bool = False,
    home: Home | None = None,
    executor: AbstractContextManager[Executor] | None = None,
    watcher: Watcher | None = None,
) -> Estimate:
    """What a grid will cost, from a short measurement of each shape of its trials; nothing is trained or tracked.

    Args:
        grid: file.
        tiny: few cases, few epochs and few values of every axis.
        home: folder in which measurements are remembered; left out: by the environment, else ./segsweep-runs.
        executor: where it would run; left out: a local Ray.
        watcher: told of the measuring.

    Raises:
        InputError: the grid file or its data cannot be used, or the grid is a search.
    """
    place, told = home or Home.from_environment(), watcher or SilentWatcher()
    with told.copying() as copied:
        planned = _plan(grid, copied, tiny=tiny)
    if planned.sweep.search.trials is not None:
        raise GridError(f"{grid}: search: the cost of a search is not estimated; `launch --max-hours` limits it")
    with told.measuring() as on_measured, executor or _local_ray() as running:
        outlook = measured(planned, running, place.measurements, on_measured)
    return estimate_of(planned, outlook)


def launch(
    grid: Path | str,
    *,
    home: Home | None = None,
    executor: AbstractContextManager[Executor] | None = None,
    again: bool = False,
    fail_fast: bool = False,
    max_hours: float | None = None,
    tiny: bool = False,
    watcher: Watcher | None = None,
) -> Launched:
    """Run what is left of a grid and write its report.

    Args:
        grid: file.
        home: folder and store; left out: by the environment, else ./segsweep-runs.
        executor: where to run, left while the report is written; left out: a local Ray that ends with the launch.
        again: also run failed and diverged trials again.
        fail_fast: end the launch with the first trial that fails.
        max_hours: start no slice that by its forecast would end later than this from now; what has not been measured
            is, first.
        tiny: few cases, few epochs and few values of every axis, to see that it runs.
        watcher: told what happens.

    Raises:
        InputError: the grid file or all data that it still needs cannot be used; nothing has been started then.
        TrackingError: the tracking store cannot be reached.
        StoreError: the store of checkpoints cannot be used.
        LaunchEnded: it was cancelled, or a trial failed and `fail_fast` is on.
    """
    began = time.monotonic()
    place, told = home or Home.from_environment(), watcher or SilentWatcher()
    with told.copying() as copied:
        planned = _plan(grid, copied, tiny=tiny)
    # whatever ends a launch, its workers end before their runs are closed
    with ExitStack() as runs, ExitStack() as site:

        @cache
        def cluster() -> Executor:
            """Started when it is known that there is something to run on it."""
            return site.enter_context(executor or _local_ray())

        if place.has_runs:
            tracker = open_tracker(place)
        else:  # then all is to be run: the store is made while Ray and its workers start
            executor = executor or _local_ray()  # imported here: two threads should not import at once
            with ThreadPoolExecutor(1) as aside:
                opening = aside.submit(open_tracker, place)
                cluster()
                tracker = opening.result()
        started = runs.enter_context(Launch(planned, tracker, place, told.on_undelivered))

        @cache
        def may_start() -> Callable[[Slice], bool]:
            if max_hours is None:
                return _at_any_time
            with told.measuring() as on_measured:
                outlook = measured(planned, cluster(), place.measurements, on_measured)
            return time_limit(max_hours, began, outlook, trained=trained(place.blobs))

        if again:
            started.forget_failures()
        if started.untried:
            with told.decoding() as progress:
                check_all(planned, progress, told.on_notice)
            limit = may_start()
            with told.searching(started.untried) as on_candidate:
                started.search(cluster(), on_candidate, limit)
        left = started.left(again=again)
        told.on_left(left)
        if left.trials:
            left = _without_bad_data(started, left, planned, told, fail_fast=fail_fast)
        if not left.trials:
            return started.report()
        limit, running = may_start(), cluster()
        # for the end, when another thread closes Ray: now its workers import as well
        import segsweep.reports.report  # noqa: PLC0415
        import segsweep.reports.writing  # noqa: F401, PLC0415

        with told.training() as on_event, ThreadPoolExecutor(1) as aside:
            ending: list[Future[None]] = []
            launched = started.run(
                left,
                running,
                on_event,
                told.on_wait,
                fail_fast=fail_fast,
                may_start=limit,
                on_over=lambda: ending.append(aside.submit(site.close)),  # Ray takes a second to end
            )
            for ended in ending:
                ended.result()
            return launched


def _at_any_time(piece: Slice) -> bool:
    return True


def _plan(grid: Path | str, copied: Callable[[str, int, int], None], *, tiny: bool) -> Planned:
    return plan_sweep(Path(grid), copied, made_tiny if tiny else as_written)


def _without_bad_data(started: Launch, left: Left, planned: Planned, told: Watcher, *, fail_fast: bool) -> Left:
    """What can be run; the trials on data that cannot be used are recorded as failed, unless there are no others."""
    with told.decoding() as progress:
        bad = unusable(planned, progress, told.on_notice)
    good = tuple(trial for trial in left.trials if trial.dataset.name not in bad)
    for name, error in bad.items():
        refused = [trial for trial in left.trials if trial.dataset.name == name]
        if refused and (fail_fast or not good):
            raise error
        if refused:
            told.on_refused(refused, error)
            started.refuse(refused, error)
    return replace(left, trials=good)


def report(sweep: str, *, home: Home | None = None, changes: Mapping[str, object] | None = None) -> SweepReport:
    """Write a sweep's report again from its tracked runs.

    Args:
        sweep: its name.
        home: folder and store; left out: by the environment, else ./segsweep-runs.
        changes: of its grid's `report` block, e.g. `{"metric": "jaccard"}`.

    Raises:
        TrackingError: there is no such sweep.
    """
    place = home or Home.from_environment()
    return report_again(sweep, place, lambda: find_tracker(place), changes or {})


def tables(sweep: str, *, home: Home | None = None) -> Frames:
    """A sweep's tables as data frames, for questions that the report does not answer.

    Args:
        sweep: its name.
        home: folder and store; left out: by the environment, else ./segsweep-runs.

    Raises:
        TrackingError: there is no such sweep.
    """
    place = home or Home.from_environment()
    _, found = gather(sweep, place, lambda: find_tracker(place))
    return Frames(found.trials.to_pandas(), found.cases.to_pandas())


def keep(
    sweep: str,
    trials: Sequence[str],
    *,
    name: str | None = None,
    threshold: Literal["0.5", "half", "best"] = "0.5",
    home: Home | None = None,
) -> tuple[RegisteredModel, ...]:
    """Register the networks of finished trials, run with `keep: weights`, as versions of a model.

    Args:
        sweep: its name.
        trials: ids.
        name: of the model; left out: that of the sweep.
        threshold: of one foreground label: 0.5, half of the best Dice on the training cases, or the best there.
        home: folder and store; left out: by the environment, else ./segsweep-runs.

    Raises:
        InputError: a trial is not of the sweep, is not finished or left no weights; nothing is registered then.
        TrackingError: there is no such sweep.
    """
    from segsweep.orchestration.keeping import keep as register  # noqa: PLC0415 (NumPy and SciPy)
    from segsweep.reports.threshold_choice import Choice  # noqa: PLC0415

    choice = {"0.5": Choice.FIXED, "half": Choice.HALF, "best": Choice.BEST}[threshold]
    return register(sweep, trials, find_tracker(home or Home.from_environment()), name=name or sweep, choice=choice)


def predict(
    model: str,
    images: Sequence[str],
    folder: Path | str,
    *,
    home: Home | None = None,
    watcher: Watcher | None = None,
) -> "Predicted":
    """Apply a kept model to images: a mask for each, and a table of their volumes.

    Args:
        model: NAME, or NAME/VERSION.
        images: files; of an image with a file per channel these, apart by commas.
        folder: to write to.
        home: folder and store; left out: by the environment, else ./segsweep-runs.
        watcher: told how many images are done.

    Raises:
        InputError: there is no such model, or an image cannot be used.
    """
    from segsweep.orchestration.predicting import predict as apply  # noqa: PLC0415 (torch and MONAI)

    tracker, told = find_tracker(home or Home.from_environment()), watcher or SilentWatcher()
    with told.predicting() as on_image:
        return apply(model, images, Path(folder), tracker, on_image)


def sync(*, home: Home | None = None, watcher: Watcher | None = None) -> "tuple[Synced, ...]":
    """Deliver what waits on this machine, and bring the sweeps of the embedded store to the one that the home names.

    Args:
        home: folder and store; left out: by the environment, else ./segsweep-runs.
        watcher: told how many runs wait.

    Raises:
        InputError: another process is doing so.
        OutageError: a store is away.
    """
    from segsweep.orchestration.sync import deliver_spool, send_home  # noqa: PLC0415 (MLflow)

    place, told = home or Home.from_environment(), watcher or SilentWatcher()
    with Claims(Home(place.folder).blobs) as claims:
        hold_sync(claims, Observer(claims))
        if place.embedded:
            return deliver_spool(place, told.on_undelivered)
        return (send_home(place, told.on_undelivered),)


def find_tracker(home: Home) -> Tracker:
    """The store of a home that has been launched to: a misspelt folder does not become one.

    Raises:
        TrackingError: there is none, or it cannot be reached.
    """
    if not home.has_runs:
        raise TrackingError(
            f"{home.folder}: no tracked runs; `segsweep launch` makes them, --home names another folder"
        )
    return open_tracker(home)


def open_tracker(home: Home) -> Tracker:
    """The store of a home, created where there is none.

    Raises:
        TrackingError: it cannot be reached.
    """
    from segsweep.tracking.mlflow_tracker import MlflowTracker  # noqa: PLC0415 (1.5 s that planning need not pay)

    home.folder.mkdir(parents=True, exist_ok=True)
    tracker = MlflowTracker(home.uri, home.spool, home.artifacts, home.downloads)
    tracker.prepare()
    return tracker


def _local_ray() -> AbstractContextManager[Executor]:
    from segsweep.orchestration.ray_executor import RayExecutor  # noqa: PLC0415

    return RayExecutor()
