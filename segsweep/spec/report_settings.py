"""The `report:` block of a grid file: how results are compared and printed, never what is trained."""

from typing import Annotated, Literal

from pydantic import Field

from segsweep.spec.values import Frozen

Metric = Literal["dice", "jaccard", "nsd", "hd95", "assd"]
Correction = Literal["max-t", "holm", "bh"]
Rule = Literal["corrected", "as_published"]
EmptyPolicy = Literal["skip", "one_if_both_empty"]


class ReportSettings(Frozen):
    """How a report compares settings. Changing it changes no trial's identity.

    Attributes:
        metric: what the paired comparison and the first paragraph are about.
        correction: how p and intervals are corrected over all pairs of one dataset, label policy and label.
        rule: what "significant" means in the table that follows Bertels et al. 2019: `corrected`, as everywhere else in
            the report, or `as_published`, the authors' uncorrected bootstrap shares read at .05 and .95.
        margin: two settings "cannot be told apart" when the interval of their difference lies inside ±margin; in the
            unit of `metric`.
        empty: cases whose true label is empty have no Dice. `skip` leaves them out for every setting;
            `one_if_both_empty` gives 1 where the prediction is empty too and 0 where it is not, so that the mean is a
            mixture of overlap and detection. Volumes always include them.
        level: confidence level of every interval.
        resamples: bootstrap resamples.
        seed: seed of the resampling, so that the same tables give the same report.
    """

    form = "a mapping such as {metric: dice, margin: 0.01}"

    metric: Metric = "dice"
    correction: Correction = "max-t"
    rule: Rule = "corrected"
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.01
    empty: EmptyPolicy = "skip"
    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    resamples: Annotated[int, Field(ge=200, le=1_000_000)] = 10_000
    seed: Annotated[int, Field(ge=0)] = 0
