"""Where runs are written and found again. The only importer of mlflow."""
