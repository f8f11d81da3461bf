"""Metrics: pure functions, arrays in, floats out."""
