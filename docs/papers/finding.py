"""What a paper says, what was found here, and whether they agree: decided by numbers, printed whatever they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from segsweep.reports.document import Bullets, Column, Item, Paragraph, Section, Table, text_cell
from segsweep.reports.numbers import NOTHING, signed
from segsweep.statistics.equivalence import Verdict
from segsweep.statistics.intervals import Interval


class Agreement(Enum):
    """Whether what was found agrees with what a paper says."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Finding:
    """One claim of a paper on one set of results.

    Attributes:
        claim: what the paper says, or lets one expect.
        where: the results that it is held against.
        found: the numbers.
        agreement: of these with the claim.
    """

    claim: str
    where: str
    found: str
    agreement: Agreement


@dataclass(frozen=True)
class Difference:
    """One setting against another.

    Attributes:
        named: which two, as printed.
        interval: of the mean difference, first − second.
        verdict: after correction for all pairs.
    """

    named: str
    interval: Interval
    verdict: Verdict

    @property
    def higher(self) -> bool:
        """Whether the first is higher beyond chance."""
        return self.verdict is Verdict.DIFFERENT and self.interval.estimate > 0

    @property
    def lower(self) -> bool:
        """Whether the first is lower beyond chance."""
        return self.verdict is Verdict.DIFFERENT and self.interval.estimate < 0

    def __str__(self) -> str:
        """`dice − ce +0.021 [+0.010, +0.032], different`."""
        ends = ", ".join(signed(end, 3) for end in (self.interval.low, self.interval.high))
        return f"{self.named} {signed(self.interval.estimate, 3)} [{ends}], {self.verdict.value}"


def all_higher(differences: Sequence[Difference]) -> Agreement:
    """Agreement with "each first is higher than its second": all are; or one is lower, or none is and all are equal."""
    if differences and all(found.higher for found in differences):
        return Agreement.AGREES
    against = any(found.lower for found in differences)
    equal = bool(differences) and all(found.verdict is Verdict.EQUIVALENT for found in differences)
    return Agreement.DISAGREES if against or equal else Agreement.UNDECIDED


def none_different(differences: Sequence[Difference]) -> Agreement:
    """Agreement with "they cannot be told apart": a difference that was merely not found is no agreement."""
    if any(found.verdict is Verdict.DIFFERENT for found in differences):
        return Agreement.DISAGREES
    equal = bool(differences) and all(found.verdict is Verdict.EQUIVALENT for found in differences)
    return Agreement.AGREES if equal else Agreement.UNDECIDED


def none_lower(differences: Sequence[Difference]) -> Agreement:
    """Agreement with "each first is as high as its second": every difference that is below 0 is as good as none."""
    if any(found.lower for found in differences):
        return Agreement.DISAGREES
    kept = bool(differences) and all(found.higher or found.verdict is Verdict.EQUIVALENT for found in differences)
    return Agreement.AGREES if kept else Agreement.UNDECIDED


def written(differences: Iterable[Difference]) -> str:
    """All of them in one line."""
    return "; ".join(str(found) for found in differences)


def findings_section(findings: Sequence[Finding], slug: str) -> Section:
    """Which claims hold where, and a line with the numbers of each; or one that says that there is nothing yet."""
    title = "What agrees and what does not"
    if not findings:
        return Section(slug, title, (Paragraph("Nothing has been run that could tell."),))
    claims = list(dict.fromkeys(found.claim for found in findings))
    items = tuple(
        Item(found.found, f"{found.agreement.value.capitalize()}. {found.claim} ({found.where})")
        for found in sorted(findings, key=lambda found: claims.index(found.claim))
    )
    return Section(slug, title, (_in_short(findings, claims, slug), Bullets(items)))


def _in_short(findings: Sequence[Finding], claims: Iterable[str], slug: str) -> Table:
    """Claims down, verdicts across."""
    columns = (Column("Claim"), *(Column(each.value.capitalize()) for each in Agreement))
    rows = tuple(
        (text_cell(claim), *(text_cell(_places(findings, claim, each) or NOTHING) for each in Agreement))
        for claim in claims
    )
    return Table(f"{slug}-claims", "In short", columns, rows)


def _places(findings: Sequence[Finding], claim: str, agreement: Agreement) -> str:
    found = (finding for finding in findings if (finding.claim, finding.agreement) == (claim, agreement))
    return "; ".join(finding.where.split(";")[0] for finding in found)
