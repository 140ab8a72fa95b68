"""Networks, one step over a cohort's lanes, inference, one cohort end to end. Runs without ray and mlflow."""
