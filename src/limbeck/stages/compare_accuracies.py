"""Compare the accuracies of methods on the same test images."""

from pathlib import Path

from limbeck.metrics.classification import hits
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.statistics import image_tests
from limbeck.study.settings import StatisticsSettings
from limbeck.tables.comparisons import readable_accuracies
from limbeck.tables.files import write_table


def compare_accuracies(
    predictions: list[Path], settings: StatisticsSettings, seed: int, table: list[Path]
) -> None:
    """Write intervals over test images and McNemar's test for each budget and fold.

    Parameters
    ----------
    predictions : list of Path
        Stores of test logits and labels of the runs; those of other methods are left out.
    settings : StatisticsSettings
        Which methods, the level, the correction.
    seed : int
        The study's seed.
    table : list of Path
        Tables to write; .csv, in which accuracies are parts of the images, .md or .html, in
        percent, which say what they show.

    Raises
    ------
    InputError
        If two stores are of different data or images, or a logit is not finite.
    """
    found, first = {}, None
    for path in predictions:
        store = storage.open_store(path)
        if store.attrs["method"] not in settings.methods:
            continue
        first = first or store
        storage.check_match(first, store, but=("method", "budget", "fold", "model_hash"))
        key = (store.attrs["method"], store.attrs["budget"], store.attrs["fold"])
        try:
            found[key] = hits(store["logits"][:], store["labels"][:])
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    cells, note = image_tests.compare_accuracies(found, settings, seed)
    write_table(
        table,
        image_tests.COLUMNS,
        cells,
        "accuracies on the same images",
        note,
        readable_accuracies(cells),
    )
