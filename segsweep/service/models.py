"""What the HTTP interface gives, as it is documented in its OpenAPI description."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from segsweep.records.manifest import ManifestEntry
from segsweep.service.watch import WatchedSweep

Item = TypeVar("Item")

MOST_ON_A_PAGE = 1000
Offset = Annotated[int, Query(ge=0, le=2**31, description="items to leave out")]
Limit = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE, description="items to give at most")]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Problem(_Answer):
    """Why a request was not answered as asked."""

    detail: str


class Page(_Answer, Generic[Item]):
    """A part of a list."""

    total: int
    offset: int
    items: Sequence[Item]


class SweepSummary(_Answer):
    """A sweep in a list."""

    name: str
    state: str = Field(description="`running` while it is launched, then how its last launch ended")
    started: float = Field(description="of its first launch, seconds since the epoch (1970)")
    ended: float | None = Field(description="of its last launch, likewise; null while it is running")
    trials: int
    states: dict[str, int] = Field(description="trials by state")

    @classmethod
    def of(cls, sweep: WatchedSweep) -> "SweepSummary":
        """As it stands."""
        record = sweep.record
        return cls(
            name=record.name,
            state=record.state,
            started=record.started,
            ended=record.ended,
            trials=len(sweep.manifest.entries),
            states=dict(sweep.counts),
        )


class SweepDetail(SweepSummary):
    """A sweep by itself."""

    report: dict[str, Any] = Field(description="how it is compared: the `report` block of its grid")
    settings: tuple[str, ...] = Field(description="loss settings, in the order of the grid")
    datasets: tuple[str, ...]
    results: str | None = Field(description="content that the newest results were computed from; null = none yet")
    current: bool = Field(description="whether these are results of the sweep as it stands")


class TrialItem(_Answer):
    """A trial in a list."""

    trial: str = Field(description="id, 16 hexadecimal digits")
    cohort: str
    state: str
    reason: str | None
    run_id: str | None = Field(description="of MLflow")
    setting: str
    aliases: tuple[str, ...] = Field(description="further settings that are the same trial by mathematics")
    loss: str
    phi: str | None
    epsilon: str | None
    dataset: str
    labels: str
    fold: int
    seed: int
    network: str
    lr: float
    batch_size: int

    @classmethod
    def of(cls, entry: ManifestEntry) -> "TrialItem":
        """As it stands."""
        known = {name: entry.row.get(name) for name in cls.model_fields if name in entry.row}
        own = {"state": entry.state, "reason": entry.reason, "run_id": entry.run_id, "aliases": entry.aliases}
        return cls.model_validate({**known, **own})


class Curves(_Answer):
    """What a trial has measured so far."""

    trial: str
    curves: dict[str, tuple[tuple[int, float], ...]] = Field(description="metric to (epoch, value) pairs")


class FoundPage(Page[Item], Generic[Item]):
    """A part of a list of results."""

    content: str = Field(description="content that the results were computed from")
    current: bool = Field(description="whether that is the sweep as it stands; if not, newer ones are on their way")


class Underway(_Answer):
    """Results are being computed; ask again."""

    detail: str = "results are being computed"


class SharedTrials(_Answer):
    """Two sweeps beside each other."""

    first: str
    second: str
    shared: int = Field(description="trials of both")
    only_first: int
    only_second: int


class Launched(_Answer):
    """A grid that is on the cluster; the sweep appears as soon as its job has begun."""

    sweep: str
    job: str = Field(description="for `segsweep logs JOB --address …`")
    progress: str = Field(description="path of the sweep in this interface")
    page: str = Field(description="path of its page")


class Readiness(_Answer):
    """Whether requests can be answered from what is known now, and what is missing for it."""

    ready: bool
    dependencies: dict[str, str] = Field(description="name to `up` or `down`")
