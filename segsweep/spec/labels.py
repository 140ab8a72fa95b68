"""What of a case's labels a network is trained on; never what it is judged by."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from segsweep.spec.datasets import Frozen


class LabelPolicy(Frozen):
    """The label that enters the loss, in training and in the choice of the checkpoint.

    Args:
        raters: of several raters' labels, their `mean` (a soft label), the `majority` or a `random` rater per epoch.
            Left out: the dataset's one label.
        smooth: share of the uniform distribution over labels that is mixed in (label smoothing).
    """

    raters: Literal["mean", "majority", "random"] | None = None
    smooth: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        if value == "full":
            return {}
        if isinstance(value, str):
            raise ValueError(f"labels are `full`, {{raters: mean|majority|random}} or {{smooth: 0.1}}, got {value!r}")
        return value

    @property
    def soft(self) -> bool:
        """Whether the label may lie between 0 and 1."""
        return self.raters == "mean" or self.smooth > 0

    @property
    def name(self) -> str:
        """As printed in tables."""
        whose = {None: "full", "mean": "raters' mean", "majority": "raters' majority", "random": "random rater"}
        return whose[self.raters] + (f" smooth={self.smooth:g}" if self.smooth else "")
