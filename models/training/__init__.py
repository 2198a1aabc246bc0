"""Train, evaluate and export the detectors that anxun ships. Only this package imports torch or ultralytics."""
