"""Results that segsweep did not produce, as the two tables that a report is a function of."""
