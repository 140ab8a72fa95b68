"""What a report lacks (failed trials, missing cells, lost cases) and what it mixes that had better not be mixed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segsweep.reports.allowed_epochs import allowed_epochs
from segsweep.reports.document import Block, Bullets, Column, Item, Paragraph, Section, Table, Tone, text_cell
from segsweep.reports.numbers import count, listed
from segsweep.reports.panels import Panel, panel_names
from segsweep.reports.results import Results
from segsweep.spec.report_settings import EmptyPolicy


@dataclass(frozen=True)
class Unfinished:
    """A trial without results."""

    trial: str
    setting: str
    dataset: str
    labels: str
    fold: int
    seed: int
    state: str
    reason: str


@dataclass(frozen=True)
class Missing:
    """A cell of the product settings × repeats × folds in which a setting lacks cases that others have."""

    panel: str
    setting: str
    repeat: str
    cases: tuple[str, ...]
    whole_folds: tuple[int, ...]


@dataclass(frozen=True)
class Completeness:
    """Everything a reader must know before believing a number.

    Attributes:
        trials: asked for; those that were only to guide a search are not among them.
        searched: trials that guided a search and were judged on inner cases only.
        cut_short: finished trials whose last allowed epoch was their best: they had not converged.
        ran_out: finished trials that early stopping did not end, `cut_short` among them: more epochs might have helped.
    """

    trials: int
    searched: int
    unfinished: tuple[Unfinished, ...]
    missing: tuple[Missing, ...]
    without_cases: tuple[str, ...]
    devices: tuple[str, ...]
    torch_versions: tuple[str, ...]
    lanes: tuple[str, ...]
    policies: tuple[str, ...]
    empty_truths: int
    cut_off_cases: int
    cut_short: int
    ran_out: int

    @property
    def finished(self) -> int:
        """Trials with results."""
        return self.trials - len(self.unfinished)


def completeness(results: Results, panels: Iterable[Panel]) -> Completeness:
    """Take stock of the two tables."""
    panels = tuple(panels)
    names = panel_names(panels)
    table = results.trials_table
    reasons = table["reason"].to_pylist()
    unfinished = tuple(
        Unfinished(
            trial.trial, trial.setting, trial.dataset, trial.labels, trial.fold, trial.seed, trial.state, reason or ""
        )
        for trial, reason in zip(results.trials, reasons, strict=True)
        if trial.state not in ("finished", "searched")
    )
    searched = sum(trial.state == "searched" for trial in results.trials)
    with_cases = set(results.words("trial").words) if results.cases_table.num_rows else set()
    finished = [trial for trial in results.trials if trial.state == "finished"]
    ends = [
        (best, allowed_epochs(spec))
        for trial, best, spec in zip(
            results.trials, table["best_epoch"].to_pylist(), table["spec"].to_pylist(), strict=True
        )
        if trial.state == "finished"
    ]
    return Completeness(
        trials=len(results.trials) - searched,
        searched=searched,
        unfinished=unfinished,
        missing=tuple(gap for panel in panels for gap in _gaps(panel, names[panel.key])),
        without_cases=tuple(trial.trial for trial in finished if trial.trial not in with_cases),
        devices=_distinct(table["device"].to_pylist()),
        torch_versions=_distinct(table["torch_version"].to_pylist()),
        lanes=_distinct(table["lanes"].to_pylist()),
        policies=_distinct(trial.labels for trial in results.trials),
        empty_truths=sum(_cases_where(panel, panel.values("empty_true") == 1) for panel in panels),
        cut_off_cases=sum(_cases_where(panel, panel.values("truth_cut_off") > 0) for panel in panels),
        cut_short=sum(allowed.best_was_last(best) for best, allowed in ends),
        ran_out=sum(allowed.ran_out(best) for best, allowed in ends),
    )


def _gaps(panel: Panel, name: str) -> Iterable[Missing]:
    """Cells that are absent for one setting or repeat although another has them."""
    expected = panel.present.any(axis=0).any(axis=0)
    for setting, repeat in zip(*np.nonzero((~panel.present & expected).any(axis=2)), strict=True):
        absent = ~panel.present[setting, repeat] & expected
        # -1 is no fold: where all models judge the same cases, the repeat says whose are missing
        known = np.unique(panel.fold[absent & (panel.fold >= 0)])
        folds = [int(fold) for fold in known if absent[panel.fold == fold].all()]
        whole = np.isin(panel.fold, folds)
        yield Missing(
            panel=name,
            setting=panel.settings[setting],
            repeat=panel.repeats[repeat],
            cases=tuple(panel.cases[index] for index in np.flatnonzero(absent & ~whole)),
            whole_folds=tuple(folds),
        )


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _cases_where(panel: Panel, condition: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    return int(np.count_nonzero(condition.any(axis=(0, 1)))) if panel.cases else 0


def warnings(stock: Completeness) -> tuple[str, ...]:
    """One sentence for each thing that belongs on the first screen."""
    sentences = []
    states = Counter(item.state for item in stock.unfinished)
    if stopped := states.pop("stopped", 0):
        sentences.append(
            f"{stopped} of {count(stock.trials, 'trial')} were stopped before their end to save time; they are "
            "compared with nothing."
        )
    if lacking := states.total():
        sentences.append(
            f"Incomplete: {lacking} of {count(stock.trials, 'trial')} have no results "
            f"({listed(f'{number} {state}' for state, number in states.items())}); "
            f"they are listed under Completeness."
        )
    if stock.without_cases:
        sentences.append(f"{count(len(stock.without_cases), 'finished trial')} left no case results.")
    if stock.missing:
        settings = dict.fromkeys(item.setting for item in stock.missing)
        sentences.append(
            f"Cases are missing for {listed(settings)}; each comparison uses the cases that both sides have."
        )
    if 2 * stock.cut_short > stock.finished:
        sentences.append(
            f"{stock.cut_short} of {count(stock.finished, 'training')} were best in the last epoch that they were "
            "allowed: they had not converged, and what is said of their volumes may be true of the start only."
        )
    if stock.cut_off_cases:
        sentences.append(
            f"Cropping cut off true voxels of {count(stock.cut_off_cases, 'case')}; what lies outside the crop counts "
            "as background and as missed."
        )
    if len(stock.devices) > 1:
        sentences.append(f"Trials ran on different kinds of device ({listed(stock.devices)}).")
    if len(stock.torch_versions) > 1:
        sentences.append(f"Trials were trained with different versions of torch ({listed(stock.torch_versions)}).")
    if len(stock.lanes) > 1:
        sentences.append(f"Trials were trained in different ways ({listed(stock.lanes)}), which agree to rounding.")
    return tuple(sentences)


def empty_policy(policy: EmptyPolicy, empty_truths: int) -> str:
    """How cases without any true voxel are scored, in one sentence."""
    if empty_truths == 0:
        return "No case has an empty truth, so the policy for empty truths changes nothing."
    rule = (
        "left out of Dice, Jaccard and surface scores for every setting"
        if policy == "skip"
        else "scored 1 where the prediction is empty too and 0 where it is not"
    )
    return f"{count(empty_truths, 'case')} with an empty truth: {rule}; volumes include them."


def section(stock: Completeness, policy: EmptyPolicy) -> Section:
    """Everything that is missing, by name."""
    facts = [f"{stock.finished} of {count(stock.trials, 'trial')} finished.", empty_policy(policy, stock.empty_truths)]
    if stock.searched:
        facts.append(
            f"{count(stock.searched, 'further trial')} guided the search: judged on inner cases only, compared with "
            "nothing."
        )
    if stock.ran_out:
        facts.append(
            f"Ended with their epochs, before early stopping would have come: {stock.ran_out} of "
            f"{count(stock.finished, 'training')}; best in the last one: {stock.cut_short}."
        )
    if stock.devices:
        facts.append(f"Device: {listed(stock.devices)}. torch: {listed(stock.torch_versions) or 'unknown'}.")
    blocks: list[Block] = [Paragraph(sentence, Tone.WARNING) for sentence in warnings(stock)]
    blocks.append(Bullets(tuple(Item(fact) for fact in facts)))
    if stock.unfinished:
        blocks.append(_unfinished_table(stock.unfinished))
    if stock.missing:
        blocks.append(_missing_table(stock.missing))
    return Section("completeness", "Completeness", tuple(blocks))


def _unfinished_table(unfinished: tuple[Unfinished, ...]) -> Table:
    titles = ("Trial", "Setting", "Dataset", "Labels", "Fold", "Seed", "State", "Reason")
    rows = tuple(
        tuple(
            text_cell(value)
            for value in (
                item.trial, item.setting, item.dataset, item.labels, item.fold, item.seed, item.state, item.reason
            )
        )
        for item in unfinished
    )  # fmt: skip
    return Table("unfinished", "Trials without results", tuple(Column(title) for title in titles), rows)


def _missing_table(missing: tuple[Missing, ...]) -> Table:
    titles = ("Results", "Setting", "Repeat", "Whole folds", "Further cases")
    rows = tuple(
        tuple(
            text_cell(value)
            for value in (
                item.panel,
                item.setting,
                item.repeat,
                listed(str(fold) for fold in item.whole_folds) or "none",
                listed(item.cases[:10]) + (f" and {len(item.cases) - 10} more" if len(item.cases) > 10 else "")
                or "none",
            )
        )
        for item in missing
    )
    return Table(
        "missing", "Cases that one setting lacks and another has", tuple(Column(title) for title in titles), rows
    )
