"""What Prometheus reads."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from segsweep.records.schemas import STATES
from segsweep.service.computations import Computations, Outcome
from segsweep.service.watch import Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Measures:
    """Counts of requests, and how things stand when Prometheus asks.

    Args:
        snapshot: gives the sweeps as they are known.
        computations: that are counted.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], computations: Computations) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "segsweep_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "segsweep_request_seconds", "Seconds until a request was answered.", ("route",), registry=self._registry
        )
        self._snapshot = snapshot
        self._computations = computations
        self._registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Called by the registry."""
        snapshot = self._snapshot()
        up = GaugeMetricFamily("segsweep_tracking_up", "Whether the tracking store answered when it was last asked.")
        up.add_metric([], float(snapshot.at is not None and snapshot.problem is None))
        yield up
        if snapshot.at is not None:
            yield GaugeMetricFamily(
                "segsweep_tracking_answered_timestamp_seconds", "When it last answered.", value=snapshot.at
            )
        trials = GaugeMetricFamily("segsweep_trials", "Trials by sweep and state.", labels=("sweep", "state"))
        for name, sweep in snapshot.sweeps.items():
            for state in STATES:
                trials.add_metric([name, state], sweep.counts.get(state, 0))
        yield trials
        computed = CounterMetricFamily("segsweep_computations", "Results computed.", labels=("outcome",))
        for outcome in Outcome:
            computed.add_metric([outcome.value], self._computations.ended[outcome])
        yield computed
        yield CounterMetricFamily(
            "segsweep_computation_seconds", "Seconds spent on them.", value=self._computations.seconds
        )
        yield GaugeMetricFamily(
            "segsweep_computations_waiting", "Results that are computed or wait.", value=self._computations.waiting
        )

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self._registry)
