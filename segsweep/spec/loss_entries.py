"""Every loss by name: formula, source, arguments and restrictions. Torch-free.

The grid is validated against these entries, `docs/losses.md` is checked against them, and `segsweep.losses.build`
builds what they name.
"""

from dataclasses import dataclass

from segsweep.spec.loss_values import AnyOf, Choice, Flag, Keywords, Kind, Nothing, Number, NumberPer


@dataclass(frozen=True)
class Parameter:
    """One argument of a loss.

    Args:
        name: the key in a grid file.
        symbol: how tables write it.
        kind: what values it takes.
        default: the value where it is left out, in the kind's normal form.
        meaning: one line.
        always_shown: whether labels show it even at its default.
    """

    name: str
    symbol: str
    kind: Kind
    default: object
    meaning: str
    always_shown: bool = False


@dataclass(frozen=True)
class LossEntry:
    """One loss that a grid can name.

    Args:
        name: the name in a grid file.
        formula: one line; p prediction, y label, φ the voxels of one term.
        source: paper and section.
        parameters: its arguments.
        protocol: raised by hand when the numbers of this loss change; part of every trial id.
        hard_labels_only: undefined for soft labels.
        multi_class_only: needs a softmax output (background and at least one foreground channel).
        binary_only: needs a sigmoid output (one channel).
    """

    name: str
    formula: str
    source: str
    parameters: tuple[Parameter, ...] = ()
    protocol: int = 1
    hard_labels_only: bool = False
    multi_class_only: bool = False
    binary_only: bool = False

    @property
    def uses_phi(self) -> bool:
        """Whether the loss sums over the voxels of a φ."""
        return any(parameter.name == "phi" for parameter in self.parameters)

    def parameter(self, name: str) -> Parameter | None:
        """Return the argument of that name, or None."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


_EPSILON = Parameter(
    "epsilon",
    "ε",
    AnyOf((Number(), Choice(("mean_volume", "mean_present_volume")), NumberPer("class", Number()))),
    1e-7,
    "smoothing in voxels of the training grid; `mean_volume` is each class's mean label volume on the training fold "
    "(empty labels counted as 0), `mean_present_volume` the mean over images that have the class",
)
_PHI = Parameter(
    "phi",
    "Φ",
    Choice(("image", "class", "batch", "all")),
    "image",
    "the axes one term sums over besides the voxels: none, the classes, the batch, or both",
)
_CLASSES = Parameter(
    "classes", "classes", Choice(("all", "present")), "all", "average every φ, or only those whose label is not empty"
)
_BACKGROUND = Parameter("background", "background", Flag(), False, "whether the background is a class like the others")
_OVERLAP = (
    _PHI,
    _EPSILON,
    Parameter(
        "epsilon_in",
        "ε in",
        Choice(("both", "denominator")),
        "both",
        "ε in numerator and denominator, or in the denominator only",
    ),
    Parameter(
        "form",
        "form",
        Choice(("classic", "semimetric")),
        "classic",
        "TP as Σ p·y, or as (Σp + Σy − Σ|p−y|)/2, which is defined for soft labels",
    ),
    Parameter(
        "denominator", "denominator", Choice(("linear", "squared")), "linear", "volumes as Σp and Σy, or Σp² and Σy²"
    ),
    Parameter(
        "class_weights",
        "class weights",
        AnyOf((Nothing(), NumberPer("class", Number(), not_all_zero=True))),
        None,
        "relative weight of each class (scaled to mean 1); one per foreground class, background first if it is a class",
    ),
    _BACKGROUND,
    _CLASSES,
)
_LOVASZ_PHI = Parameter("phi", "Φ", Choice(("image", "batch")), "image", "sort the errors per image or over the batch")
_PLAIN_EPSILON = Parameter("epsilon", "ε", Number(open_low=True), 1e-7, "smoothing in voxels of the training grid")
_WEIGHT = AnyOf((Choice(("balanced",)), Number(), NumberPer("class", Number(), not_all_zero=True)))

MIX = Parameter(
    "mix",
    "mix",
    AnyOf((Nothing(), NumberPer("term", Number(), not_all_zero=True))),
    None,
    "the factor of each term of a sum, in the order of the name; 1 each where left out",
)
ARGS = Parameter("args", "", Keywords(), {}, "keyword arguments passed on as they are")

ENTRIES: tuple[LossEntry, ...] = (
    LossEntry(
        "ce",
        "mean over voxels of −Σ_c y_c log p_c",
        "Bertels et al. 2019 (arXiv 1911.01685), Sect. 3",
    ),
    LossEntry(
        "wce",
        "mean over voxels of −Σ_c w_c y_c log p_c; balanced: w_c = 1/(C·prior_c)",
        "Bertels et al. 2019 (arXiv 1911.01685), Sect. 3",
        (
            Parameter(
                "weight",
                "w",
                _WEIGHT,
                "balanced",
                "`balanced`, the weight of every foreground class (background 1), or one per class, background first",
            ),
        ),
    ),
    LossEntry(
        "focal",
        "mean over voxels of −Σ_c w_c y_c (1−p_c)^γ log p_c",
        "Lin et al. 2017 (arXiv 1708.02002), Sect. 3",
        (
            Parameter("gamma", "γ", Number(0, 10), 2.0, "how fast well-classified voxels lose weight"),
            Parameter("weight", "w", AnyOf((Nothing(), _WEIGHT)), None, "as for `wce`; none where left out"),
        ),
    ),
    LossEntry(
        "topk",
        "mean of the k % largest voxel cross-entropies of the batch",
        "Wu et al. 2016 (arXiv 1605.06885), online bootstrapping",
        (Parameter("k", "k", Number(0, 100, open_low=True), 10.0, "per cent of the voxels that count"),),
    ),
    LossEntry(
        "dice",
        "1 − mean_φ (2TP+ε)/(2TP+FP+FN+ε)",
        "Tilborghs et al. 2022 (arXiv 2207.09521), Sect. 2",
        _OVERLAP,
    ),
    LossEntry(
        "jaccard",
        "1 − mean_φ (2TP+ε)/(2TP+2FP+2FN+ε)",
        "Bertels et al. 2019 (arXiv 1911.01685), Sect. 2",
        _OVERLAP,
    ),
    LossEntry(
        "tversky",
        "1 − mean_φ (2TP+ε)/(2TP+2α·FP+2β·FN+ε)",
        "Salehi et al. 2017 (arXiv 1706.05721), Sect. 2; Eelbode et al. 2020 (arXiv 2010.13499), Prop. II.3",
        (
            Parameter("alpha", "α", Number(), 0.3, "weight of false positives", always_shown=True),
            Parameter("beta", "β", Number(), 0.7, "weight of false negatives", always_shown=True),
            *_OVERLAP,
        ),
    ),
    LossEntry(
        "lovasz",
        "mean_φ of the Lovász extension of 1−J at the errors |y−p|",
        "Berman et al. 2018 (arXiv 1705.08790), Sect. 2",
        (_LOVASZ_PHI, _BACKGROUND, _CLASSES),
        hard_labels_only=True,
    ),
    LossEntry(
        "lovasz_hinge",
        "mean_φ of the Lovász extension of 1−J at the hinge errors max(0, 1 − logit·(2y−1))",
        "Berman et al. 2018 (arXiv 1705.08790), Sect. 2",
        (_LOVASZ_PHI, _CLASSES),
        hard_labels_only=True,
        binary_only=True,
    ),
    LossEntry(
        "marginal_dice",
        "dice over background and present classes of each image, absent classes' probability added to the background",
        "Shi et al. 2021 (arXiv 2007.03868), Sect. 3",
        (_PLAIN_EPSILON,),
        multi_class_only=True,
    ),
    LossEntry(
        "leaf_dice",
        "mean over images of 1 − mean over the image's present foreground classes of 2TP/(2TP+FP+FN+ε)",
        "Fidon et al. 2021 (arXiv 2107.03846), as run by Tilborghs et al. 2022 (arXiv 2207.09521)",
        (_PLAIN_EPSILON,),
    ),
)

_BY_NAME = {entry.name: entry for entry in ENTRIES}
NAMES: tuple[str, ...] = tuple(_BY_NAME)


def entry(name: str) -> LossEntry | None:
    """Return the catalogue's entry of that name, or None."""
    return _BY_NAME.get(name)
