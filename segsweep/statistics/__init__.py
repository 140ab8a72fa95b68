"""Paired resampling, intervals, corrected comparisons. NumPy and SciPy only."""
