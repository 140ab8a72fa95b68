"""Losses for segmentation with Φ and ε as parameters. Tensors in, a scalar out; no Ray, no MLflow."""
