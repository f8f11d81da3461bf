"""Show what of a study is done, running, failed and missing, and the next command."""

from limbeck.operations.status import print_status


def status(configfile: list[str] | None = None) -> None:
    """Print how far a study is; in colour on a terminal, unless ``NO_COLOR`` is set.

    Parameters
    ----------
    configfile : list of str, optional
        Overlays of config/config.yaml, as for snakemake.
    """
    print_status(configfile or [])
