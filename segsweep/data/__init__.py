"""Sources, folds, phantoms, the decoded cache, batches and augmentation."""
