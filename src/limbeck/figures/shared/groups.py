"""Colour groups of the test images: by class or superclass."""

from collections.abc import Sequence

import numpy as np
from matplotlib.lines import Line2D

from limbeck.data.dataset import Dataset
from limbeck.explorer.colours import distinct_colours
from limbeck.figures.shared import style
from limbeck.runtime.errors import InputError, suggest
from limbeck.study.titles import words

# So many colours can be told apart among points; of more groups a few are shown, the rest grey.
MOST, FEW = 10, 7
GREY = "#D0D0D0"
SHORT = 3  # letters of names that have room among the points


class ImageGroups:
    """The groups by which points are coloured: classes, or superclasses where there are many.

    Parameters
    ----------
    dataset : Dataset
        The dataset store.
    shown : sequence of str, optional
        Superclasses or classes to show in colour, the others grey; all where they are few enough,
        else the first ones.

    Attributes
    ----------
    names : list of str
        Of all groups.
    coloured : list of int
        Which of them have a colour.

    Raises
    ------
    InputError
        If there is no group of a name that is to be shown.
    """

    def __init__(self, dataset: Dataset, shown: Sequence[str] | None = None):
        attributes = dataset.attributes
        labels, samples = dataset.array("test", "labels"), dataset.array("test", "sample_ids")
        self._label_of_sample = dict(zip(samples, labels, strict=True))
        self.class_names, superclasses = attributes["class_names"], dataset.superclass_names
        by_superclass = bool(superclasses) and len(self.class_names) > MOST
        if shown is not None:
            by_superclass = not set(shown) <= set(self.class_names)
        self.kind = "superclass" if by_superclass else "class"
        self.names = superclasses if by_superclass else self.class_names
        self._group_of_class = np.array(
            dataset.superclass_of_class if by_superclass else range(len(self.class_names))
        )
        for name in shown or ():
            if name not in self.names:
                allowed = [*self.class_names, *superclasses]
                raise InputError(
                    f"groups = '{name}': not in {attributes['dataset']}, or classes and "
                    f"superclasses together; {suggest(name, allowed)}"
                )
        few = range(len(self.names) if len(self.names) <= MOST else FEW)
        self.coloured = [self.names.index(name) for name in shown] if shown else list(few)
        self.colours = np.full(len(self.names), GREY, object)
        self.colours[self.coloured] = distinct_colours(len(self.coloured))

    def labels(self, store) -> np.ndarray:
        """Return the class of each point of an embedding store, shape (n,)."""
        return np.array([self._label_of_sample[sample] for sample in store["sample_ids"][:]])

    def groups(self, store) -> np.ndarray:
        """Return the index in `names` of each point of an embedding store, shape (n,)."""
        return self._group_of_class[self.labels(store)]

    @property
    def short(self) -> bool:
        """Whether names have room among the points of panels that are not small."""
        return all(len(self.names[at]) <= SHORT for at in self.coloured)

    def legend(self) -> tuple[list[Line2D], list[str]]:
        """Return handles and labels: the groups in colour, and the rest in grey."""
        labels = [words(self.names[at]) for at in self.coloured]
        colours = [self.colours[at] for at in self.coloured]
        rest = len(self.names) - len(self.coloured)
        if rest:
            plural = {"class": "classes", "superclass": "superclasses"}
            labels.append(f"{rest} other {self.kind if rest == 1 else plural[self.kind]}")
            colours.append(GREY)
        look = {"marker": "o", "markersize": 3.5, "markeredgewidth": 0}
        return [style.dot(color=colour, **look) for colour in colours], labels
