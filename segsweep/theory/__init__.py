"""What the papers prove, computed: similarity bounds, optima under uncertainty, expected volume bias. NumPy only."""
