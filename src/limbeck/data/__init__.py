"""Datasets and the splits of their training images."""
