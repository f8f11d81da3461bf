"""Limbeck shows, layer by layer, what knowledge distillation does to a network."""

__version__ = "0.1.0"
