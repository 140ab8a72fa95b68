"""The catalogue of losses as the rest of the package uses it: names in, checked frozen settings out. Torch-free."""

from segsweep.spec.loss_canonical import canonical
from segsweep.spec.loss_checks import check_labels
from segsweep.spec.loss_entries import ENTRIES, NAMES, LossEntry, Parameter
from segsweep.spec.loss_label import label
from segsweep.spec.loss_setting import LossSetting, accepts, parameters_of, resolve, takes

__all__ = [
    "ENTRIES",
    "NAMES",
    "LossEntry",
    "LossSetting",
    "Parameter",
    "accepts",
    "canonical",
    "check_labels",
    "label",
    "parameters_of",
    "resolve",
    "takes",
]
