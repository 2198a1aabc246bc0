"""The edge program: cameras and patrol photos to findings, delivered at least once."""
