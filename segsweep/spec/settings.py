"""What a trial is trained with, apart from its data and its loss."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from segsweep.spec.canonical import canonical_json
from segsweep.spec.values import Frozen, PositiveFloat, PositiveInt

NETWORK_PRESETS = ("unet-s", "unet-m", "unet-l", "logistic")
UNET_DIVISOR = 8
"""The U-Net presets halve the grid three times."""
AUGMENTATIONS = ("none", "bertels2019")
Patience = Annotated[int, Field(gt=0, strict=True)]


class Network(Frozen):
    """A preset, or a class of `monai.networks.nets` with its arguments (channels are filled in)."""

    form = f"{', '.join(NETWORK_PRESETS)}, or a mapping such as {{monai: SegResNet, args: {{init_filters: 16}}}}"
    unwritten = ("preset",)

    preset: Literal["unet-s", "unet-m", "unet-l", "logistic"] | None = None
    monai: str | None = None
    args: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return {"preset": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.preset is None) == (self.monai is None) or (self.preset and self.args):
            raise ValueError(self.form)
        return self

    @property
    def name(self) -> str:
        """As printed in tables."""
        return self.preset or _call(str(self.monai), self.args)

    def check_size(self, size: tuple[int, ...]) -> None:
        """Refuse a training grid that a U-Net preset cannot halve often enough.

        Raises:
            ValueError: a side is no multiple of 8.
        """
        if self.preset in ("unet-s", "unet-m", "unet-l") and any(length % UNET_DIVISOR for length in size):
            raise ValueError(f"{self.preset} needs sides that are multiples of {UNET_DIVISOR}, got {list(size)}")


def logits_per_voxel(labels: Sequence[str]) -> int:
    """Of labels, the background among them: one logit for a single foreground label, otherwise one each."""
    return 1 if len(labels) == 2 else len(labels)


class Augment(Frozen):
    """Random changes of the training images: a named recipe, or MONAI transforms by name with their arguments."""

    form = f"{', '.join(AUGMENTATIONS)}, or a mapping such as {{monai: [{{RandFlip: {{prob: 0.5}}}}]}}"
    unwritten = ("recipe",)

    recipe: Literal["none", "bertels2019"] | None = None
    monai: tuple[dict[str, dict[str, Any]], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return {"recipe": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.recipe is None) == (not self.monai) or any(len(entry) != 1 for entry in self.monai):
            raise ValueError(self.form)
        return self

    @property
    def name(self) -> str:
        """As printed in tables."""
        return self.recipe or "+".join(_call(name, args) for entry in self.monai for name, args in entry.items())


class Stopping(Frozen):
    """When the learning rate falls and when training ends; counted in epochs without a better validation loss.

    Args:
        epochs: at most this many.
        plateau: after more than this many the rate is multiplied by `factor`; a loss counts as better for this if it
            is lower by a ten-thousandth, as in torch's ReduceLROnPlateau.
        factor: of the rate.
        patience: after this many training stops.
    """

    epochs: PositiveInt
    plateau: Patience = 10
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.2
    patience: Patience = 20


def _off(value: Any) -> Any:
    # YAML 1.1 reads the word `off` without quotes as false
    return "off" if value is False else value


class Train(Stopping):
    """Adam on mini-batches; the loss setting's own phase.

    Args:
        lr: learning rate at the start.
        batch_size: images per step.
        amp: `auto`: bfloat16 autocast on GPUs that have it, float32 elsewhere; `off`: float32 everywhere.
    """

    form = "a mapping such as {epochs: 60, lr: 1e-4, batch_size: 4}"

    epochs: PositiveInt = 60
    lr: PositiveFloat = 1e-4
    batch_size: PositiveInt = 4
    amp: Annotated[Literal["auto", "off"], BeforeValidator(_off)] = "auto"


class WarmStart(Stopping):
    """The phase that all losses of a cohort start from (Bertels 2019, section 3: train with CE, then go on)."""

    form = "`none`, or a mapping such as {epochs: 60, lr: 1e-3}"

    loss: Literal["ce"] = "ce"
    epochs: PositiveInt = 60
    lr: PositiveFloat = 1e-3


class Folds(Frozen):
    """A k-fold split of the groups, and the folds of it that are run."""

    form = "a mapping such as {k: 5, run: [0, 1]}"

    k: Annotated[int, Field(ge=2, le=10_000, strict=True)] = 5
    run: tuple[Annotated[int, Field(ge=0, strict=True)], ...] | Literal["all"] = "all"

    @model_validator(mode="after")
    def _within_k(self) -> Self:
        if self.run != "all" and (not self.run or len(set(self.run)) < len(self.run) or max(self.run) >= self.k):
            raise ValueError(f"`run` lists folds between 0 and {self.k - 1}, each once, got {list(self.run)}")
        return self

    def numbers(self) -> tuple[int, ...]:
        """The folds to run."""
        return tuple(range(self.k)) if self.run == "all" else self.run


class Selection(Frozen):
    """Which cases choose the checkpoint.

    `inner`: a share of the training groups, which the network is not trained on. `fold`: the evaluation fold itself,
    as in the publications; scores are then optimistic.
    """

    form = "a mapping such as {select: inner, share: 0.2}"

    select: Literal["inner", "fold"] = "inner"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class Resources(Frozen):
    """What one worker takes, and how many workers there are; left out: as many as the cluster holds.

    `gpus`: one GPU or a part of it; `auto`: one where the cluster has any, or the part that was measured to do.

    `lanes`: how a worker trains the trials of a cohort. `sequential`: in turn, each to the last bit as it would train
    alone. `fused`: stacked into one network where the network allows it, equal to rounding. `auto`: what is faster.
    """

    form = "a mapping such as {workers: 2, gpus: 0.5}"

    workers: PositiveInt | None = None
    cpus: PositiveFloat = 1.0
    gpus: Annotated[float, Field(ge=0, allow_inf_nan=False)] | Literal["auto"] = "auto"
    lanes: Literal["sequential", "fused", "auto"] = "sequential"

    @field_validator("gpus")
    @classmethod
    def _one_gpu_at_most(cls, gpus: float | Literal["auto"]) -> float | Literal["auto"]:
        if gpus != "auto" and gpus > 1:
            raise ValueError(
                "per worker, which uses one GPU or a part of it; left out, all GPUs of the cluster are used;"
                f" got {gpus:g}"
            )
        return gpus


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    """`UNet(channels=[4,8])`: two that differ in an argument alone must not share a name."""
    written = ",".join(f"{key}={canonical_json(value)}" for key, value in sorted(arguments.items()))
    return f"{name}({written})" if written else name
