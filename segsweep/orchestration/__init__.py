"""What is left to run, cut into slices of cohorts, run by Ray Tune. The only importer of ray."""
