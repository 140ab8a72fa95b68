"""One setting for all settings that are the same by mathematics, so that equal trials are trained once."""

from typing import Any

from segsweep.spec.loss_checks import class_count
from segsweep.spec.loss_entries import NAMES
from segsweep.spec.loss_names import NameKind, kind_of
from segsweep.spec.loss_setting import LossSetting

_OVERLAP = {"dice": (0.5, 0.5), "jaccard": (1.0, 1.0)}


def canonical(
    setting: LossSetting, *, batch_size: int, foreground_labels: int, soft_labels: bool = True
) -> LossSetting:
    """Return the representative of all settings that give the same number on every batch.

    Args:
        setting: a resolved setting.
        batch_size: images per batch; with one, Φ=batch is Φ=image.
        foreground_labels: labels besides the background; with one class, Φ=class is Φ=image.
        soft_labels: whether labels may lie between 0 and 1; where they cannot, the semimetric form is the classic one.

    Returns:
        A setting that `segsweep.losses.build.build_loss` can build; canonical settings map to themselves.
    """
    match kind_of(setting.name):
        case NameKind.SUM:
            terms = [
                canonical(term, batch_size=batch_size, foreground_labels=foreground_labels, soft_labels=soft_labels)
                for term in setting.terms
            ]
            return _canonical_sum(setting, terms)
        case NameKind.ENTRY:
            arguments = setting.arguments
            _reduce_phi(arguments, batch_size, class_count(setting, foreground_labels))
            if "form" in arguments:
                _reduce_overlap(arguments, class_count(setting, foreground_labels), soft_labels)
            return _rename(LossSetting.of(setting.name, arguments), foreground_labels)
        case _:
            return setting


def _reduce_phi(arguments: dict[str, Any], batch_size: int, classes: int) -> None:
    """Drop from Φ the axes that have one entry."""
    if "phi" not in arguments:
        return
    over_batch = arguments["phi"] in ("batch", "all") and batch_size > 1
    over_class = arguments["phi"] in ("class", "all") and classes > 1
    arguments["phi"] = {
        (False, False): "image",
        (False, True): "class",
        (True, False): "batch",
        (True, True): "all",
    }[over_batch, over_class]


def _reduce_overlap(arguments: dict[str, Any], classes: int, soft_labels: bool) -> None:
    weights = arguments["class_weights"]
    if weights is not None and len(set(weights)) == 1:
        arguments["class_weights"] = None
    epsilon = arguments["epsilon"]
    if isinstance(epsilon, list):
        if arguments["phi"] in ("image", "batch") and len(set(epsilon)) == 1:
            arguments["epsilon"] = epsilon[0]
        elif arguments["phi"] in ("class", "all") and arguments["class_weights"] is None:
            # a φ that spans classes has the sum of their ε
            arguments["epsilon"] = sum(epsilon)
    if arguments["epsilon"] == 0:
        arguments["epsilon_in"] = "both"
    if not soft_labels:
        arguments["form"] = "classic"
    if classes == 1 and arguments["class_weights"] is not None:
        arguments["class_weights"] = None


def _rename(setting: LossSetting, foreground_labels: int) -> LossSetting:
    """Call a special case by its own name."""
    match setting.name:
        case "tversky":
            return _rename_tversky(setting)
        case "focal" | "wce":
            return _rename_weighted(setting, foreground_labels)
        case "topk" if setting.arguments["k"] == 100:
            return LossSetting.of("ce", {})
        case _:
            return setting


def _rename_tversky(setting: LossSetting) -> LossSetting:
    rest = setting.arguments
    weights = (rest.pop("alpha"), rest.pop("beta"))
    return next((LossSetting.of(name, rest) for name, own in _OVERLAP.items() if weights == own), setting)


def _rename_weighted(setting: LossSetting, foreground_labels: int) -> LossSetting:
    arguments = setting.arguments
    weight = arguments["weight"]
    if isinstance(weight, float):
        weight = [1.0] + [weight] * foreground_labels
    if isinstance(weight, list) and set(weight) == {1.0}:
        weight = None
    gamma = arguments.get("gamma", 0.0)
    if gamma != 0:
        return LossSetting.of("focal", {"gamma": gamma, "weight": weight})
    return LossSetting.of("ce", {}) if weight is None else LossSetting.of("wce", {"weight": weight})


def _canonical_sum(setting: LossSetting, terms: list[LossSetting]) -> LossSetting:
    """Drop terms of factor 0, order the rest by name; a single term of factor 1 is that term."""
    if len({term.name for term in terms}) < len(terms):
        # two terms became the same loss; a sum names each loss once, so they keep the names they were given
        terms = list(setting.terms)
    weighted = sorted(
        ((term, factor) for term, factor in zip(terms, setting.arguments["mix"], strict=True) if factor != 0),
        key=lambda pair: NAMES.index(pair[0].name),
    )
    if len(weighted) == 1 and weighted[0][1] == 1:
        return weighted[0][0]
    if len(weighted) == 1:
        return setting
    name = "+".join(term.name for term, _ in weighted)
    mix = [factor for _, factor in weighted]
    return LossSetting.of(name, {"mix": mix, "terms": {term.name: term.arguments for term, _ in weighted}})
