"""The columns of the tables that every report is a function of."""

import pyarrow as pa

THRESHOLDS = tuple(index / 100 for index in range(101))
"""Probability thresholds at which predicted and true-positive voxels are counted."""

SPLITS = ("train", "inner", "val", "test")
"""`train`: gradient steps were taken on it. `inner`: the part of the training groups that chose the checkpoint.
`val`: the evaluation fold. `test`: an untouched set."""

STATES = ("pending", "running", "finished", "failed", "diverged", "stopped", "searched", "interrupted", "superseded")
"""`pending`: nobody has started it. `stopped`: ended early for the sake of others. `searched`: trained to its end and
judged on inner cases only. `interrupted`: runs again in the next launch. `superseded`: another run of the trial was
started in its place."""

REASON_CLASSES = (
    *("data", "settings", "diverged", "code"),
    *("memory", "gpu memory", "disk", "storage", "tracking", "killed"),
)
"""What kept a trial from its end. First what would happen again: a case that cannot be used, a loss or network that
refuses its arguments, numbers that are none, anything that code raised. Then what may go well another time: too little
memory or disk, a file system, store or tracking server that was away, a process that ended."""

UNITS = ("ml", "mm2", "px")

RANKS = ("best", "median", "worst")
"""Places of a case among those of its label by Dice."""

TRUTH_COLOUR = "#ffd92f"
PREDICTION_COLOUR = "#35b6ff"
"""Outlines in overlays: yellow and blue differ in every kind of colour blindness, and in print without colour."""


def _column(name: str, kind: pa.DataType, meaning: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"meaning": meaning})


TRIALS = pa.schema(
    [
        _column("trial", pa.string(), "trial id, 16 hexadecimal digits"),
        _column("run_id", pa.string(), "MLflow run id", nullable=True),
        _column("cohort", pa.string(), "id shared by the trials that differ only in loss setting, rate and stop rule"),
        _column("warm_start", pa.string(), "id of the shared warm start; null = from scratch", nullable=True),
        _column("state", pa.string(), f"one of {', '.join(STATES)}"),
        _column("reason", pa.string(), "why it is not finished, in one line", nullable=True),
        _column("reason_class", pa.string(), f"class of the reason: {', '.join(REASON_CLASSES)}", nullable=True),
        _column("setting", pa.string(), "loss setting as printed in tables, e.g. `dice Φ=batch`"),
        _column("loss", pa.string(), "name in the catalogue of losses"),
        _column("phi", pa.string(), "axes that one overlap term sums over; null = the loss has none", nullable=True),
        _column("epsilon", pa.string(), "smoothing in voxels, or the rule it comes from", nullable=True),
        _column("arguments", pa.string(), "all loss arguments after defaults, JSON"),
        _column("dataset", pa.string(), "name of the dataset"),
        _column("labels", pa.string(), "label policy"),
        _column("fold", pa.int32(), "fold that was evaluated"),
        _column("seed", pa.int32(), "repeat"),
        _column("network", pa.string(), "network"),
        _column("batch_size", pa.int32(), "images per step"),
        _column("lr", pa.float64(), "learning rate at the start"),
        _column("spec", pa.string(), "the whole trial, canonical JSON"),
        _column("epochs", pa.int32(), "epochs run", nullable=True),
        _column(
            "best_epoch",
            pa.int32(),
            "epoch of the chosen checkpoint, counted from 1; 0 = the warm start",
            nullable=True,
        ),
        _column(
            "seconds",
            pa.float64(),
            "training and evaluation, this trial's share of shared work included",
            nullable=True,
        ),
        _column("forecast_seconds", pa.float64(), "what the plan expected", nullable=True),
        _column("device", pa.string(), "device kind", nullable=True),
        _column("torch_version", pa.string(), "torch that trained it", nullable=True),
        _column(
            "lanes",
            pa.string(),
            "how it was trained beside its cohort: `sequential` or `fused`",
            nullable=True,
        ),
        _column("phantom_p", pa.float64(), "phantoms: probability that a block is labelled", nullable=True),
        _column("phantom_k", pa.int32(), "phantoms: independent blocks", nullable=True),
        _column("phantom_r", pa.float64(), "phantoms: uncertain over certain volume", nullable=True),
        _column(
            "phantom_uncertain_volume",
            pa.float64(),
            "phantoms: volume of the uncertain area, in the case unit",
            nullable=True,
        ),
    ]
)

CASES = pa.schema(
    [
        _column("trial", pa.string(), "trial id"),
        _column("dataset", pa.string(), "name of the dataset"),
        _column("fold", pa.int32(), "fold that was evaluated"),
        _column("seed", pa.int32(), "repeat"),
        _column("case", pa.string(), "case id"),
        _column("group", pa.string(), "patient or series"),
        _column("split", pa.string(), f"one of {', '.join(SPLITS)}"),
        _column("label", pa.string(), "name of the label"),
        _column("truth", pa.string(), "`label`, or where there are several raters `majority`, `mean` and each by name"),
        _column("dice", pa.float64(), "2TP/(2TP+FP+FN); null where truth and prediction are both empty", nullable=True),
        _column("jaccard", pa.float64(), "TP/(TP+FP+FN); null where both are empty", nullable=True),
        _column(
            "hd95", pa.float64(), "95th percentile Hausdorff distance, mm or px; null where one is empty", nullable=True
        ),
        _column(
            "assd", pa.float64(), "average symmetric surface distance, mm or px; null where one is empty", nullable=True
        ),
        _column(
            "nsd",
            pa.float64(),
            "normalised surface Dice at a tolerance of one voxel; null where both are empty",
            nullable=True,
        ),
        _column("volume_true", pa.float64(), "in `unit`"),
        _column("volume_soft", pa.float64(), "sum of probabilities, in `unit`"),
        _column("volume_hard", pa.float64(), "after the decision, in `unit`"),
        _column("unit", pa.string(), f"one of {', '.join(UNITS)}"),
        _column("tp", pa.int64(), "voxels"),
        _column("fp", pa.int64(), "voxels"),
        _column("fn", pa.int64(), "voxels"),
        _column("foreground_fraction", pa.float64(), "true voxels over all voxels of the native image"),
        _column("truth_cut_off", pa.float64(), "share of the true voxels that pad/crop lost"),
        _column("empty_true", pa.bool_(), "no true voxel"),
        _column("empty_pred", pa.bool_(), "no predicted voxel"),
        _column("ece", pa.float64(), "expected calibration error, 20 equal bins, over all voxels of the case"),
        _column("predicted_at", pa.list_(pa.int64()), "voxels with probability ≥ k/100, k = 0…100"),
        _column("true_positive_at", pa.list_(pa.int64()), "true voxels with probability ≥ k/100, k = 0…100"),
        _column(
            "label_removed",
            pa.bool_(),
            "the label policy takes this label from this case's training target; its truth here is the real one",
            nullable=True,
        ),
        _column("meta", pa.string(), "further columns of the dataset's meta table, JSON", nullable=True),
    ]
)

OVERLAYS = pa.schema(
    [
        _column("trial", pa.string(), "trial id"),
        _column("case", pa.string(), "case id, of the evaluation fold"),
        _column("label", pa.string(), "name of the label"),
        _column("rank", pa.string(), f"among the trial's own cases of this label, one of {', '.join(RANKS)}"),
        _column("dice", pa.float64(), "of the case, as in the cases table"),
        _column("slice", pa.int32(), "axial slice shown, counted from 1 at the feet; null in 2D", nullable=True),
        _column(
            "png",
            pa.binary(),
            f"the image, with the outlines of the truth ({TRUTH_COLOUR}) and of the prediction ({PREDICTION_COLOUR})",
        ),
    ]
)

SEARCH = pa.schema(
    [
        _column("study", pa.string(), "what is searched: dataset, and whatever else the grid has several of"),
        _column("dataset", pa.string(), "name of the dataset"),
        _column("labels", pa.string(), "label policy"),
        _column("network", pa.string(), "network"),
        _column("number", pa.int32(), "of the candidate, in the order in which they were asked for"),
        _column("setting", pa.string(), "the candidate as printed in tables"),
        _column("loss", pa.string(), "the loss, and its block where several have it"),
        _column("parameters", pa.string(), "what was drawn from ranges: argument to number, JSON"),
        _column("logarithmic", pa.list_(pa.string()), "the arguments among them that have a logarithmic range"),
        _column("trials", pa.list_(pa.string()), "ids of its trials: one per fold and seed"),
        _column("state", pa.string(), "searched, or what became of the first of its trials that has no result"),
        _column("reason", pa.string(), "why it has no values, in one line", nullable=True),
        _column("dice", pa.float64(), "mean Dice of the inner cases", nullable=True),
        _column("abs_bias", pa.float64(), "|mean ΔV| over mean true volume of the inner cases, hard", nullable=True),
        _column("abs_bias_soft", pa.float64(), "the same of soft volumes", nullable=True),
        _column("objectives", pa.list_(pa.string()), "the columns that were searched for"),
        _column("front", pa.bool_(), "no other candidate is better in one objective and as good in all"),
    ]
)
