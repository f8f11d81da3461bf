"""Names of methods, layers and algorithms in print."""

from limbeck.study.embeddings import EMBEDDINGS
from limbeck.study.objectives import OBJECTIVES


def words(name: str) -> str:
    """Return a name with spaces in place of underscores."""
    return name.replace("_", " ")


def method_title(name: str) -> str:
    """Return what a method is called: as its objective, where it bears the objective's name."""
    return OBJECTIVES[name].title if name in OBJECTIVES else words(name)


def embedding_title(name: str) -> str:
    """Return what an embedding is called: as its algorithm, where it bears the algorithm's name."""
    return EMBEDDINGS[name].title if name in EMBEDDINGS else words(name)


def layer_title(name: str) -> str:
    """Return what a layer is called."""
    return f"layer {words(name)}"


def budget_title(budget: int) -> str:
    """Return what a budget is called: 2,500 labels."""
    return f"{budget:,} label{'' if budget == 1 else 's'}"
