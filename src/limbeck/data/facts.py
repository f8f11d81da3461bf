"""Classes, image counts and image shape of a dataset, known before any job."""

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from limbeck.data.listing import listing
from limbeck.study.settings import DatasetSettings


@dataclass(frozen=True)
class Facts:
    """The size of a dataset.

    Attributes
    ----------
    class_names : sequence of str
        In the order of the labels.
    train_per_class, test_per_class : sequence of int
        Numbers of images, one for each class.
    image_shape : tuple of int
        Height, width and channels.
    superclasses : mapping of str to str
        Class to superclass, empty without any; only `quick_facts` knows them.
    notes : sequence of str
        What a user should know of how the dataset is read.
    """

    class_names: Sequence[str]
    train_per_class: Sequence[int]
    test_per_class: Sequence[int]
    image_shape: tuple[int, int, int]
    superclasses: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def unlabelled(self, budget: int) -> int:
        """Return the number of training images that a budget leaves without a label."""
        return sum(self.train_per_class) - budget


def quick_facts(
    settings: DatasetSettings, store: str | Path | None = None, listed: str | None = None
) -> Facts:
    """Return the facts of a dataset without reading its images.

    Parameters
    ----------
    settings : DatasetSettings
        Which dataset, and where it lies.
    store : str or Path, optional
        Where its store is, once it was prepared; used if it was made of the same files.
    listed : str, optional
        What `listing` gave for these settings, if it was called.

    Returns
    -------
    Facts
        From the store, those of all images; otherwise those that the names and numbers of files
        tell and those that are known of the dataset, see ``facts`` of its source.

    Raises
    ------
    InputError
        If files are missing or cannot be what they should be, or an image that came since the store
        was made cannot be used.
    """
    listed = listing(settings) if listed is None else listed
    module = importlib.import_module(f"limbeck.data.sources.{settings.name}")
    facts = store and stored_facts(store, source_of(settings, listed))
    if not facts:
        if settings.name == "image_folder" and store and stored_facts(store):
            from limbeck.data.new_images import refuse_new_images

            refuse_new_images(settings, store)
        facts = module.facts(settings)
    return replace(facts, superclasses=module.superclasses(settings, facts.class_names))


def source_of(settings: DatasetSettings, listed: str) -> dict:
    """Return the origin of a dataset store: all that it depends on but for the seed."""
    return {
        "dataset": settings.name,
        "test_fraction": settings.test_fraction,
        "image_size": settings.image_size,
        "listing": listed,
    }


def stored_facts(store: str | Path, source: Mapping | None = None) -> Facts | None:
    """Return the facts of a dataset's store, read from its attributes.

    Parameters
    ----------
    store : str or Path
        The store.
    source : mapping, optional
        What `source_of` gives for the settings at hand.

    Returns
    -------
    Facts or None
        None if there is no readable store, or it has another source.
    """
    try:
        attributes = json.loads(Path(store, "zarr.json").read_bytes())["attributes"]
        if source is not None and attributes["source"] != dict(source):
            return None
        return Facts(
            class_names=attributes["class_names"],
            train_per_class=attributes["train_per_class"],
            test_per_class=attributes["test_per_class"],
            image_shape=tuple(attributes["image_shape"]),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None
