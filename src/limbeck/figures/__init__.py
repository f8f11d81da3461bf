"""Figures: they read tables and stores, never networks.

To add one, write a module with a function ``draw`` and name it in `FIGURES`.
"""

FIGURES = {
    "accuracy": "limbeck.figures.accuracy",
    "algorithms": "limbeck.figures.algorithms",
    "cka": "limbeck.figures.cka",
    "class_area": "limbeck.figures.class_area",
    "class_boundary": "limbeck.figures.class_boundary",
    "class_correlation": "limbeck.figures.class_correlation",
    "embeddings": "limbeck.figures.embeddings",
    "layers": "limbeck.figures.layers",
    "networks": "limbeck.figures.networks",
    "noise": "limbeck.figures.noise",
    "published": "limbeck.figures.published",
    "superclass_correlation": "limbeck.figures.superclass_correlation",
}
