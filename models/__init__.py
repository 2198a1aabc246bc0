"""Run detection models: preprocess, infer, decode."""
