"""The pages in docs/results: the papers' experiments on open data, written from tracked runs (`make results`)."""
