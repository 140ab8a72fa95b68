"""Everything that answers are made of, handed to every route."""

from dataclasses import dataclass
from typing import Annotated, NoReturn

from fastapi import Depends, HTTPException, Request

from segsweep.records.manifest import Manifest, ManifestEntry
from segsweep.service.computations import Computations
from segsweep.service.content import joint_key
from segsweep.service.joint import joined
from segsweep.service.launches import Launches
from segsweep.service.rendered import Rendered
from segsweep.service.results_folder import Results
from segsweep.service.settings import Settings
from segsweep.service.tokens import Tokens
from segsweep.service.watch import Watch, WatchedSweep


@dataclass(frozen=True)
class Found:
    """Results of a sweep, or why there are none yet.

    Args:
        results: the newest.
        current: whether they are of the sweep as it stands.
        failure: why newer ones cannot be computed.
    """

    results: Results | None
    current: bool
    failure: str | None


@dataclass(frozen=True)
class Site:
    """One per process."""

    settings: Settings
    tokens: Tokens | None
    watch: Watch
    computations: Computations
    rendered: Rendered
    launches: Launches | None

    def sweep(self, name: str) -> WatchedSweep:
        """A sweep as it stands.

        Raises:
            HTTPException: 404, there is none of this name.
        """
        return self.watch.snapshot.sweeps.get(name) or _nothing(f"no sweep named {name!r}")

    def trial(self, sweep: WatchedSweep, trial: str) -> ManifestEntry:
        """A trial of a sweep.

        Raises:
            HTTPException: 404, it has none of this id.
        """
        found = (entry for entry in sweep.manifest.entries if entry.trial == trial)
        return next(found, None) or _nothing(f"{sweep.name} has no trial {trial!r}")

    def results(self, sweep: WatchedSweep) -> Found:
        """The newest results of a sweep; newer ones are asked for where it has changed."""
        return self._results(sweep.manifest, sweep.results, patient=sweep.running)

    def joint(self, first: WatchedSweep, second: WatchedSweep) -> tuple[str, Found]:
        """The content and the results of two sweeps together."""
        key = joint_key(first.results, second.results)
        patient = first.running or second.running
        return key, self._results(joined(first.manifest, second.manifest), key, patient=patient)

    def _results(self, manifest: Manifest, key: str, *, patient: bool) -> Found:
        kept = self.computations.kept
        if (current := kept.find(manifest.sweep, key)) is not None:
            return Found(current, True, None)
        earlier = kept.newest(manifest.sweep)
        # a sweep that runs changes with every trial: what it looked like a minute ago will do
        if not (patient and earlier is not None and earlier.is_recent()):
            self.computations.request(self.watch.tracker, manifest, key)
        return Found(earlier, False, self.computations.why_failed(key))


def _nothing(detail: str) -> NoReturn:
    raise HTTPException(404, detail)


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site


Here = Annotated[Site, Depends(site_of)]
