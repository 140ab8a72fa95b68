"""Bertels, Robben et al. 2019/2021 on phantoms: does training end where the expected loss is lowest?"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from papers.finding import Agreement, Finding
from papers.phantoms import AWAY, CLOSE, DRAWN, MEAN, Phantom, phantoms
from papers.phantoms_figure import drawings
from papers.tracked import Tracked
from segsweep.reports.document import Cell, Column, Drawings, Section, Table, text_cell
from segsweep.reports.interval_cells import interval_cell
from segsweep.reports.numbers import NOTHING, listed, number, signed

OVERLAPS = {"dice": "soft Dice", "jaccard": "soft Jaccard", "tversky": "soft Tversky (0.3, 0.7)"}
CLAIMS = {
    "ce": "Cross-entropy gives the uncertain area its probability: ΔV is 0",
    "wce": "Weighted cross-entropy gives it w₁p/(w₁p + w₀(1−p)): the volume is over-estimated",
}


def findings(tracked: Tracked) -> tuple[Finding, ...]:
    """The claims on the phantoms that have been run."""
    found = phantoms(tracked)
    return (*_on_drawn_labels([one for one in found if one.labels == DRAWN]), *_on_soft_labels(found))


def _on_drawn_labels(found: Sequence[Phantom]) -> Iterator[Finding]:
    for loss, name in OVERLAPS.items():
        members = [one for one in found if one.loss == loss]
        clear = [one for one in members if one.is_away and not one.is_torn]
        yield from _closeness(f"The optimum of {name} is all or nothing: ΔV is −p or 1 − p", "p off the flips", clear)
        yield from _brackets(name, clear)
        yield from _torn(name, [one for one in members if one.is_torn])
    for loss, claim in CLAIMS.items():
        yield from _closeness(claim, "every p that was run", [one for one in found if one.loss == loss])


def _on_soft_labels(found: Sequence[Phantom]) -> Iterator[Finding]:
    members = [one for one in found if one.labels == MEAN]
    semimetric = [one for one in members if one.arguments.get("form") == "semimetric"]
    where = "labels that say p"
    yield from _closeness("Semimetric Dice stays at p on labels that say p: ΔV is 0", where, semimetric)
    for loss, name in (("dice", "Soft Dice"), ("jaccard", "Soft Jaccard")):
        classic = [one for one in members if one.loss == loss and one not in semimetric]
        yield from _closeness(f"{name} is all or nothing on labels that say p, too", where, classic)
    cross_entropy = [one for one in members if one.loss == "ce"]
    yield from _closeness("Cross-entropy is at p on labels that say p: ΔV is 0", where, cross_entropy)


def _closeness(claim: str, where: str, members: Sequence[Phantom]) -> Iterator[Finding]:
    if not members:
        return
    far = [one for one in members if not one.is_close]
    said = (
        f"{len(members) - len(far)} of {len(members)} settings of (p, K, r) within {CLOSE} of theory; largest gap "
        f"{max(one.gap for one in members):.3f}"
    )
    if far:
        said += f". Not: {'; '.join(map(_beside, far))}"
    yield Finding(claim, where, said, Agreement.DISAGREES if far else Agreement.AGREES)


def _brackets(name: str, members: Sequence[Phantom]) -> Iterator[Finding]:
    """For every K and r the p between which the trained volume flips, beside both flips of theory."""
    said, right = [], []
    for (r, k), group in groupby(sorted(members, key=_order), key=lambda one: _order(one)[:2]):
        same = list(group)
        out = [one.place[0] for one in same if not one.took_it_in]
        taken = [one.place[0] for one in same if one.took_it_in]
        flips = same[0].flip or 0.0, same[0].critical or 0.0
        if out and taken:
            right.append(max(out) < min(flips) and max(flips) < min(taken))
            said.append(
                f"K = {k}, r = {r:g}: {max(out):g} to {min(taken):g} (slope {flips[0]:.3f}, optimum {flips[1]:.3f})"
            )
    if said:
        yield Finding(
            f"Training with {name} from cross-entropy flips from nothing to all where theory does",
            "p off the flips",
            f"Trained flips lie at {'; '.join(said)}",
            Agreement.AGREES if all(right) else Agreement.DISAGREES,
        )


def _torn(name: str, members: Sequence[Phantom]) -> Iterator[Finding]:
    """Where the optimum and the way there part; nearer to a flip than `AWAY` it is shown and not counted."""
    if not members:
        return
    counted = [one for one in members if one.is_away]
    at_optimum = [one for one in counted if one.took_it_in == (one.place[0] > (one.critical or 0.0))]
    agrees = Agreement.AGREES if len(at_optimum) == len(counted) else Agreement.DISAGREES
    shown = [one for one in members if not one.is_away]
    said = f"{len(at_optimum)} of {len(counted)} end at the optimum, the others where the slope leads"
    said += f": {'; '.join(map(_beside, counted))}" if counted else ""
    said += f". Not counted, within {AWAY} of a flip: {'; '.join(map(_beside, shown))}" if shown else ""
    yield Finding(
        f"What training with {name} ends at is the optimum of its expected loss",
        "p between the flips of slope and optimum; one training each",
        said,
        agrees if counted else Agreement.UNDECIDED,
    )


def _beside(one: Phantom) -> str:
    return f"{one}: {signed(one.soft.estimate, 2)}, theory {signed(one.predicted, 2)}"


def sections(tracked: Tracked) -> tuple[Section, ...]:
    """A figure and a table per loss."""
    groups: dict[tuple[str, str], list[Phantom]] = {}
    for one in phantoms(tracked):
        groups.setdefault((one.setting, one.labels), []).append(one)
    return tuple(_section(setting, labels, members) for (setting, labels), members in groups.items())


def _section(setting: str, labels: str, members: list[Phantom]) -> Section:
    name = setting if labels == DRAWN else f"{setting}, labels: {labels}"
    slug = f"phantoms-{setting}-{labels}"
    figures = (Drawings(lambda: drawings(members, name)),) if members[0].predicted is not None else ()
    return Section(slug, name, (*figures, _table(members, slug)))


def _table(members: Sequence[Phantom], slug: str) -> Table:
    columns = (
        *(Column(title, numeric=True) for title in ("r", "K", "p")),
        Column("ΔV soft / uncertain volume", numeric=True, interval=True),
        *(Column(title, numeric=True) for title in ("theory", "flip of the optimum", "flip of the slope")),
        Column("Remark"),
    )
    rows = tuple(
        (
            *(Cell(f"{value:g}", value) for value in _order(one)),
            interval_cell(one.soft, 3),
            Cell(signed(one.predicted, 3), one.predicted),
            Cell(number(one.critical, 3), one.critical),
            Cell(number(one.flip, 3), one.flip),
            text_cell(_remark(one)),
        )
        for one in sorted(members, key=_order)
    )
    note = f"95% intervals over {members[0].soft.n} phantoms that no training has seen."
    return Table(slug, "Volume error as a fraction of the uncertain volume", columns, rows, note)


def _order(one: Phantom) -> tuple[float, int, float]:
    p, k, r = one.place
    return r, k, p


def _remark(one: Phantom) -> str:
    remarks = (
        (one.is_torn, "slope and optimum disagree"),
        (not one.is_away, f"within {AWAY} of a flip"),
        (one.gap > CLOSE, f"more than {CLOSE} from theory"),
    )
    return listed(text for holds, text in remarks if holds) or NOTHING
