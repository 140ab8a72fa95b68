"""The short text by which tables and figures name a loss setting."""

import json

from segsweep.spec.loss_entries import ARGS, MIX, Parameter
from segsweep.spec.loss_names import NameKind, kind_of
from segsweep.spec.loss_setting import LossSetting, parameters_of


def label(setting: LossSetting) -> str:
    """Return the setting's name and the arguments that differ from their defaults; different settings differ in it.

    Example:
        >>> from segsweep.spec.loss_setting import resolve
        >>> label(resolve("dice", {"phi": "image", "epsilon": "mean_volume"}))
        'dice ε=mean_volume'
    """
    match kind_of(setting.name):
        case NameKind.SUM:
            shown = _shown_in_sum(setting)
        case NameKind.ENTRY:
            shown = _shown(setting, parameters_of(setting.name))
        case _:
            shown = [f"{key}={_text(value)}" for key, value in sorted(setting.arguments[ARGS.name].items())]
    return " ".join([setting.name, *dict.fromkeys(shown)])


def _shown_in_sum(setting: LossSetting) -> list[str]:
    """The terms' arguments under their own symbol; under `term.symbol` where two terms disagree."""
    mix = setting.arguments[MIX.name]
    shown = [] if mix == [1.0] * len(mix) else [f"{MIX.symbol}={':'.join(_text(factor) for factor in mix)}"]
    agreed = setting.flat()
    for term in setting.terms:
        for parameter, text in zip(parameters_of(term.name), _texts(term), strict=True):
            own = term.arguments[parameter.name]
            if own == parameter.default and not parameter.always_shown:
                continue
            shown.append(text if agreed[parameter.name] == own else f"{term.name}.{text}")
    return shown


def _shown(setting: LossSetting, parameters: tuple[Parameter, ...]) -> list[str]:
    return [
        text
        for parameter, text in zip(parameters, _texts(setting), strict=True)
        if parameter.always_shown or setting.arguments[parameter.name] != parameter.default
    ]


def _texts(setting: LossSetting) -> list[str]:
    return [f"{each.symbol}={_text(setting.arguments[each.name])}" for each in parameters_of(setting.name)]


def _text(value: object) -> str:
    """Shortest text that reads back as the same value."""
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        return text.replace("e-0", "e-").replace("e+0", "e+").replace("e+", "e")
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "[" + ",".join(_text(entry) for entry in value) + "]"
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
