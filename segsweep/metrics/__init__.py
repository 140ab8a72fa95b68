"""What is measured on one case: overlap, surface distance, volumes, calibration."""
