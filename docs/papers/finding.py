"""What a paper says, what was found here, and whether they agree: decided by numbers, printed whatever they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from segsweep.reports.document import Bullets, Column, Item, Paragraph, Section, Table, text_cell
from segsweep.reports.numbers import NOTHING, p_value, signed
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
        p: against no difference, corrected for all pairs.
        verdict: after correction for all pairs.
    """

    named: str
    interval: Interval
    p: float
    verdict: Verdict

    @property
    def beyond_chance(self) -> bool:
        """Whether there is a difference, however small."""
        return self.verdict is not Verdict.UNDECIDED and self.p <= 1 - self.interval.level

    @property
    def negligible(self) -> bool:
        """Whether the difference, if there is one, is smaller than what matters."""
        return self.verdict is Verdict.EQUIVALENT

    @property
    def higher(self) -> bool:
        """Whether the first is higher beyond chance."""
        return self.beyond_chance and self.interval.estimate > 0

    @property
    def lower(self) -> bool:
        """Whether the first is lower beyond chance."""
        return self.beyond_chance and self.interval.estimate < 0

    @property
    def decided(self) -> str:
        """`p = 0.002, different`."""
        said = "different by less than the margin" if self.beyond_chance and self.negligible else self.verdict.value
        return f"{written_p(self.p)}, {said}"

    def __str__(self) -> str:
        """`dice − ce +0.021 [+0.010, +0.032], p = 0.002, different`."""
        ends = ", ".join(signed(end, 3) for end in (self.interval.low, self.interval.high))
        return f"{self.named} {signed(self.interval.estimate, 3)} [{ends}], {self.decided}"


def all_higher(differences: Sequence[Difference]) -> Agreement:
    """Agreement with "each first is higher than its second": all are; or one is lower, or none is and all are equal."""
    if differences and all(found.higher for found in differences):
        return Agreement.AGREES
    against = any(found.lower for found in differences)
    equal = bool(differences) and all(found.negligible and not found.higher for found in differences)
    return Agreement.DISAGREES if against or equal else Agreement.UNDECIDED


def none_different(differences: Sequence[Difference]) -> Agreement:
    """Agreement with "they cannot be told apart": a difference that was merely not found is no agreement."""
    if any(found.beyond_chance for found in differences):
        return Agreement.DISAGREES
    equal = bool(differences) and all(found.negligible for found in differences)
    return Agreement.AGREES if equal else Agreement.UNDECIDED


def none_lower(differences: Sequence[Difference]) -> Agreement:
    """Agreement with "each first is as high as its second": a difference below 0 is smaller than matters."""
    if any(found.lower and not found.negligible for found in differences):
        return Agreement.DISAGREES
    kept = bool(differences) and all(found.higher or found.negligible for found in differences)
    return Agreement.AGREES if kept else Agreement.UNDECIDED


def written_p(p: float) -> str:
    """`p = 0.002`, `p < 0.001`."""
    said = p_value(p)
    return f"p {said}" if said.startswith("<") else f"p = {said}"


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
