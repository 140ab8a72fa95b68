"""Whether a loss fits the labels of a dataset: sigmoid or softmax, number of classes, hard or soft."""

from segsweep.errors import GridError
from segsweep.spec.loss_entries import entry
from segsweep.spec.loss_setting import LossSetting


def check_labels(setting: LossSetting, *, foreground_labels: int, soft_labels: bool) -> None:
    """Refuse a loss that is undefined for the labels it would be trained on.

    Args:
        setting: the loss.
        foreground_labels: number of labels besides the background; 1 means a sigmoid output.
        soft_labels: whether labels may lie between 0 and 1 (mean of raters, smoothed labels).

    Raises:
        GridError: one line that names the loss and what it needs.
    """
    for term in setting.terms:
        _check_outputs(term, foreground_labels)
        _check_lengths(term, foreground_labels)
        found = entry(term.name)
        if soft_labels and found is not None and found.hard_labels_only:
            raise GridError(f"loss '{term.name}' is undefined for soft labels; take the majority or one rater's label")


def class_count(setting: LossSetting, foreground_labels: int) -> int:
    """Return the number of classes an overlap loss averages over."""
    return foreground_labels + (1 if setting.arguments.get("background") else 0)


def _check_outputs(setting: LossSetting, foreground_labels: int) -> None:
    found = entry(setting.name)
    if found is None:
        return
    if found.binary_only and foreground_labels > 1:
        raise GridError(f"loss '{setting.name}' is for one foreground label; the dataset has {foreground_labels}")
    if found.multi_class_only and foreground_labels == 1:
        raise GridError(f"loss '{setting.name}' is for two or more foreground labels; the dataset has one")


def _check_lengths(setting: LossSetting, foreground_labels: int) -> None:
    arguments = setting.arguments
    expected = {
        "epsilon": class_count(setting, foreground_labels),
        "class_weights": class_count(setting, foreground_labels),
        "weight": foreground_labels + 1,
    }
    for key, length in expected.items():
        given = arguments.get(key)
        if isinstance(given, list) and len(given) != length:
            raise GridError(f"loss '{setting.name}': {key} has {len(given)} entries; this dataset needs {length}")
