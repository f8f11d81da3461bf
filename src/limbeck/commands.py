"""Subcommands: one for each rule of the workflow, others for whole studies.

Stages are imported when their subcommand runs, so that no job waits for libraries it does not use.
"""

import argparse
from collections.abc import Callable

COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], None], list[str]]] = {}

# Flags and how to read them; a subcommand names those that it needs.
FLAGS: dict[str, dict] = {
    "--dataset": {"help": "dataset store"},
    "--split": {"help": "CSV of the labelled images"},
    "--model": {"help": "trained network"},
    "--history": {"help": "CSV with a row for each epoch of training"},
    "--teacher-logits": {"help": "store of the teacher's logits"},
    "--predictions": {"help": "store of test logits and labels"},
    "--activations": {"help": "store of one layer's activations"},
    "--neighbours": {"help": "store of one layer's nearest neighbours"},
    "--embedding": {"help": "store of one embedding"},
    "--metrics": {"help": "CSV of metrics", "nargs": "+"},
    "--table": {"help": "tables to write; .csv, .md or .html", "nargs": "+"},
    "--kind": {"help": "which table"},
    "--inputs": {"help": "tables or stores to read", "nargs": "+"},
    "--methods": {"help": "the study's methods, in the order of their colours", "nargs": "+"},
    "--area-mass": {"help": "part of a class's density that its area holds", "type": float},
    "--pdf": {"help": "figure to write"},
    "--png": {"help": "figure to write"},
    "--output": {"help": "file to write"},
    "--settings": {"help": "settings of the stage, JSON"},
    "--study": {"help": "name of the study"},
    "--method": {"help": "name of the method"},
    "--layer": {"help": "name of the layer"},
    "--map": {"help": "name of the map"},
    "--name": {"help": "name of the embedding"},
    "--budget": {"help": "number of labelled images", "type": int},
    "--fold": {"help": "number of the fold, from 0", "type": int},
    "--k": {"help": "number of neighbours", "type": int},
    "--seed": {"help": "the study's seed", "type": int},
    "--device": {"help": "where torch computes", "choices": ["cpu", "cuda"]},
    "--configfile": {
        "help": "overlays of config/config.yaml, as for snakemake",
        "nargs": "+",
        "default": [],
        "metavar": "FILE",
    },
    "--checkpoint": {"help": "state for resuming, removed at the end"},
}


def command(*flags: str) -> Callable:
    """Register a subcommand under the function's name.

    Flags in brackets are optional; those with a plus at their end take several values.
    """

    def register(function: Callable[[argparse.Namespace], None]) -> Callable:
        COMMANDS[function.__name__] = (function, list(flags))
        return function

    return register


@command("--settings", "--seed", "--dataset")
def prepare_dataset(args: argparse.Namespace) -> None:
    """Read a dataset and write it as one store."""
    from limbeck.stages.prepare_dataset import prepare_dataset
    from limbeck.study.settings import parse_settings

    prepare_dataset(parse_settings("dataset", args.settings), args.seed, args.dataset)


@command("--dataset", "--budget", "--fold", "--seed", "--split")
def split_dataset(args: argparse.Namespace) -> None:
    """Choose the labelled images of one budget and fold."""
    from limbeck.stages.split_dataset import split_dataset

    split_dataset(args.dataset, args.budget, args.fold, args.seed, args.split)


@command(
    *("--dataset", "--split+", "[--teacher-logits]+", "--settings", "--seed", "--device"),
    *("--study", "--method", "--budget", "--fold+", "--checkpoint", "--model+", "--history+"),
)
def train(args: argparse.Namespace) -> None:
    """Train one run, or several folds of it together; a killed job goes on from its checkpoint."""
    from limbeck.runtime.errors import InputError
    from limbeck.runtime.seeding import derive_seed
    from limbeck.study.settings import parse_settings

    settings = parse_settings("method", args.settings)
    count = len(args.fold)
    given = {
        "--split": args.split,
        "--teacher-logits": args.teacher_logits or [None] * count,
        "--model": args.model,
        "--history": args.history,
    }
    for flag, values in given.items():
        if len(values) != count:
            raise InputError(f"{flag}: {len(values)} given, one needed for each --fold: {count}")

    from limbeck.training.loop import Run, train

    identity = {"study": args.study, "method": args.method, "budget": args.budget}
    runs = [
        Run(
            split=split,
            teacher_logits=logits,
            identity={**identity, "fold": fold},
            # The same for every method, so that students start from the same weights: paired runs.
            seed=derive_seed(args.seed, "train", args.budget, fold),
            model=model,
            history=history,
        )
        for fold, split, logits, model, history in zip(args.fold, *given.values(), strict=True)
    ]
    train(
        dataset=args.dataset,
        runs=runs,
        settings=settings,
        device=args.device,
        checkpoint=args.checkpoint,
    )


@command("--dataset", "--model", "--device", "--predictions")
def predict(args: argparse.Namespace) -> None:
    """Write a network's logits of the test images."""
    from limbeck.inference import predict

    predict(args.dataset, args.model, args.device, args.predictions)


@command("--dataset", "--split", "--model", "--device", "--teacher-logits")
def teacher_logits(args: argparse.Namespace) -> None:
    """Write a teacher's logits of the unlabelled images and their mirror images."""
    from limbeck.inference import write_teacher_logits

    write_teacher_logits(args.dataset, args.split, args.model, args.device, args.teacher_logits)


@command("--dataset", "--model", "--layer", "--settings", "--device", "--activations")
def extract_activations(args: argparse.Namespace) -> None:
    """Write one layer's activations of the test images."""
    from limbeck.activations import extract_activations
    from limbeck.study.settings import parse_settings

    settings = parse_settings("activations", args.settings)
    extract_activations(
        args.dataset, args.model, args.layer, settings, args.device, args.activations
    )


@command("--activations", "--k", "--device", "--neighbours")
def find_neighbours(args: argparse.Namespace) -> None:
    """Find the exact nearest neighbours in one layer."""
    from limbeck.neighbours.search import find_neighbours

    find_neighbours(args.activations, args.k, args.device, args.neighbours)


@command(
    "--activations", "--neighbours", "--name", "--settings", "--seed", "--device", "--embedding"
)
def embed(args: argparse.Namespace) -> None:
    """Embed one layer in two dimensions."""
    from limbeck.embeddings import embed
    from limbeck.study.settings import parse_settings

    settings = parse_settings("embedding", args.settings)
    embed(
        *(args.activations, args.neighbours, args.name, settings, args.seed),
        *(args.device, args.embedding),
    )


@command("--dataset", "--predictions", "--history", "--metrics")
def score_predictions(args: argparse.Namespace) -> None:
    """Measure a run by its predictions."""
    from limbeck.metrics.scoring import score_predictions

    score_predictions(args.dataset, args.predictions, args.history, *args.metrics)


@command("--dataset", "--activations", "--neighbours", "--settings", "--metrics")
def score_layer(args: argparse.Namespace) -> None:
    """Measure a layer by its activations."""
    from limbeck.metrics.scoring import score_layer
    from limbeck.study.settings import parse_settings

    settings = parse_settings("metrics", args.settings)
    score_layer(args.dataset, args.activations, args.neighbours, settings, *args.metrics)


@command("--dataset", "--activations", "--neighbours", "--embedding", "--settings", "--metrics")
def score_embedding(args: argparse.Namespace) -> None:
    """Measure an embedding against its layer and its classes."""
    from limbeck.metrics.scoring import score_embedding
    from limbeck.study.settings import parse_settings

    settings = parse_settings("metrics", args.settings)
    score_embedding(
        args.dataset, args.activations, args.neighbours, args.embedding, settings, *args.metrics
    )


@command("--activations+", "--neighbours+", "--k", "--metrics")
def compare_runs(args: argparse.Namespace) -> None:
    """Measure what the layers of different methods have in common."""
    from limbeck.metrics.similarity import compare_runs

    compare_runs(args.activations, args.neighbours, args.k, *args.metrics)


@command("--study", "--map", "--settings", "--seed", "--activations")
def lift_noise(args: argparse.Namespace) -> None:
    """Lift uniform noise in the plane to more dimensions."""
    from limbeck.noise.maps import lift_noise
    from limbeck.study.settings import parse_settings

    settings = parse_settings("noise", args.settings)
    lift_noise(args.study, args.map, settings, args.seed, args.activations)


@command("--inputs", "--table")
def score_noise(args: argparse.Namespace) -> None:
    """Measure embeddings of lifted noise against the plane."""
    from limbeck.noise.scores import score_noise

    score_noise(args.inputs, args.table)


@command("--metrics", "--table")
def gather_metrics(args: argparse.Namespace) -> None:
    """Join metrics into one tidy table."""
    from limbeck.tables.layout import gather_metrics

    gather_metrics(args.metrics, *args.table)


@command("--metrics", "--kind", "--settings", "--table")
def build_table(args: argparse.Namespace) -> None:
    """Build one wide table of means and standard deviations over folds."""
    from limbeck.study.settings import parse_settings
    from limbeck.tables.layout import build_table

    build_table(*args.metrics, args.kind, parse_settings("plan", args.settings), args.table)


@command("--metrics", "--settings", "--table")
def compare_methods(args: argparse.Namespace) -> None:
    """Test whether two methods differ over the same folds."""
    from limbeck.statistics.paired_tests import compare_methods
    from limbeck.study.settings import parse_settings

    settings = parse_settings("statistics", args.settings)
    compare_methods(*args.metrics, settings, args.table)


@command("--dataset", "--model", "--table")
def describe_network(args: argparse.Namespace) -> None:
    """Write the stages of a network, their shapes and named layers."""
    from limbeck.description import describe_network

    describe_network(args.dataset, args.model, *args.table)


@command(
    *("--dataset", "--inputs", "--settings", "--methods", "[--area-mass]", "--pdf", "--png"),
)
def draw_figure(args: argparse.Namespace) -> None:
    """Draw one figure."""
    from limbeck.figures import draw_figure
    from limbeck.study.settings import parse_settings

    settings = parse_settings("figure", args.settings)
    outputs = [args.pdf, args.png]
    draw_figure(args.dataset, args.inputs, settings, outputs, args.methods, args.area_mass)


@command("[--configfile]")
def compare(args: argparse.Namespace) -> None:
    """Compare a study, finished or not, with published numbers."""
    from limbeck.compare import compare_study
    from limbeck.study.config import read_config

    print(compare_study(read_config(args.configfile)))


@command("--settings", "--output")
def write_provenance(args: argparse.Namespace) -> None:
    """Write versions, git commit, config and hardware."""
    from limbeck.operations.provenance import write_provenance
    from limbeck.study.settings import parse_settings

    write_provenance(parse_settings(None, args.settings), args.output)


@command("[--configfile]")
def status(args: argparse.Namespace) -> None:
    """Show what of a study is done, running, failed and missing, and the next command."""
    from limbeck.operations.status import print_status

    print_status(args.configfile)


@command("[--configfile]")
def doctor(args: argparse.Namespace) -> None:
    """Check a SLURM cluster before the first job, one line a check."""
    from limbeck.operations.doctor import diagnose
    from limbeck.runtime.errors import InputError
    from limbeck.study.config import read_config

    failed = 0
    for ok, line in diagnose(read_config(args.configfile)):
        print(line, flush=True)
        failed += not ok
    if failed:
        raise InputError(f"{failed} of the checks above failed")
