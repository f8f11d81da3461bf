"""Names of methods, layers and algorithms in print."""

from limbeck.study.embeddings import EMBEDDINGS
from limbeck.study.objectives import OBJECTIVES


def words(name: str) -> str:
    """Return a name with spaces in place of underscores."""
    return name.replace("_", " ")


def method_title(name: str) -> str:
    """Return a method's title: its objective's, where it bears the objective's name."""
    return OBJECTIVES[name].title if name in OBJECTIVES else words(name)


def embedding_title(name: str) -> str:
    """Return an embedding's title: its algorithm's, where it bears the algorithm's name."""
    return EMBEDDINGS[name].title if name in EMBEDDINGS else words(name)


def layer_title(name: str) -> str:
    """Return a layer's title."""
    return f"layer {words(name)}"


def budget_title(budget: int) -> str:
    """Return a budget's title: 2,500 labels; none stand for networks that were given."""
    if not budget:
        return "given networks"
    return f"{budget:,} label{'' if budget == 1 else 's'}"
