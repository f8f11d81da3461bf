"""Show what of a study is done, running, failed and missing, and the next command."""

from limbeck.operations.status import print_lost, print_status


def status(configfile: list[str] | None = None, watch: bool = False, lost: bool = False) -> None:
    """Print how far a study is; in colour on a terminal, unless ``NO_COLOR`` is set.

    Parameters
    ----------
    configfile : list of str, optional
        The study's config files, as for snakemake; without any, the default study.
    watch : bool
        Print it again every few seconds, with the time that is left, until all is done.
    lost : bool
        Print only the paths of what is gone or damaged and Snakemake does not make by itself.
    """
    if lost:
        print_lost(configfile or [])
    else:
        print_status(configfile or [], watch)
