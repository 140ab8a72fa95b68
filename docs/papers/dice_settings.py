"""The soft Dice losses among the settings of a panel, and those that differ in Φ and ε alone."""

import json
from dataclasses import dataclass

from segsweep.reports.panels import Panel

_NEGLIGIBLE = 1e-3
_BASELINES = ("marginal_dice", "leaf_dice")


@dataclass(frozen=True)
class Setting:
    """A soft Dice loss: its place in a panel, over what it sums, whether its ε is negligible, images per batch."""

    place: int
    phi: str
    negligible: bool
    batch_size: int

    @property
    def is_plain(self) -> bool:
        """Whether it sums over one image with a negligible ε."""
        return self.phi == "image" and self.negligible


Against = tuple[Setting, Setting]
"""Two settings of the same batch size, one of them the plain one."""


def against_plain(panel: Panel) -> list[Against]:
    """Every other soft Dice loss with the plain one of its batch size."""
    plain = {one.batch_size: one for one in plain_settings(panel)}
    return [
        (one, plain[one.batch_size]) for one in dice_settings(panel) if not one.is_plain and one.batch_size in plain
    ]


def against_baselines(panel: Panel) -> list[tuple[int, int]]:
    """Places of the plain soft Dice losses, each with that of a loss made for missing labels of the same batch size."""
    trials = {trial.setting: trial for trial in panel.results.trials}
    made_for_it = {name: trials[name] for name in panel.settings if trials[name].loss in _BASELINES}
    return [
        (plain.place, panel.settings.index(name))
        for name, trial in made_for_it.items()
        for plain in plain_settings(panel)
        if plain.batch_size == trial.batch_size
    ]


def plain_settings(panel: Panel) -> list[Setting]:
    """The soft Dice losses over one image with a negligible ε, one for each batch size."""
    return [one for one in dice_settings(panel) if one.is_plain]


def dice_settings(panel: Panel) -> list[Setting]:
    """The soft Dice losses of a panel."""
    trials = {trial.setting: trial for trial in panel.results.trials}
    found = []
    for place, name in enumerate(panel.settings):
        trial, arguments = trials[name], json.loads(trials[name].arguments)
        if trial.loss == "dice":
            epsilon = arguments["epsilon"]
            negligible = not isinstance(epsilon, str) and epsilon <= _NEGLIGIBLE
            found.append(Setting(place, arguments["phi"], negligible, trial.batch_size))
    return found
