"""The command line: what it lists, how it fails, what it imports."""

import dataclasses
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from limbeck import cli

LIMBECK = Path(sysconfig.get_path("scripts"), "limbeck")
RULES = Path(__file__).parents[2] / "workflow" / "rules"
SUBCOMMANDS = {
    "prepare_dataset",
    "split_dataset",
    "train",
    "predict",
    "teacher_logits",
    "extract_activations",
    "find_neighbours",
    "embed",
    "score_predictions",
    "score_layer",
    "score_embedding",
    "compare_methods",
    "compare_runs",
    "lift_noise",
    "score_noise",
    "gather_metrics",
    "build_table",
    "describe_network",
    "draw_figure",
    "compare",
    "doctor",
    "write_provenance",
    "status",
}


def run(*arguments):
    return subprocess.run([LIMBECK, *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_subcommand():
    result = run("--help")
    assert result.returncode == 0
    assert set(re.findall(r"^    (\w+)", result.stdout, re.MULTILINE)) == SUBCOMMANDS


def test_rules_call_subcommands_with_their_flags():
    text = "".join(path.read_text() for path in sorted(RULES.glob("*.smk")))
    calls = re.findall(r'"(?:{resources\.launcher} )?limbeck (\w+)(.*?)2>', text, re.DOTALL)
    assert {name for name, _ in calls} <= SUBCOMMANDS
    assert len(calls) == text.count('"limbeck ') + text.count("launcher} limbeck ")
    for name, call in calls:
        flags = cli.COMMANDS[name][1]
        required = {flag.strip("+") for flag in flags if not flag.startswith("[")}
        given = set(re.findall(r"--[a-z-]+", call))
        assert required <= given <= {flag.strip("[]+") for flag in flags}, name


@pytest.mark.parametrize("name", sorted(SUBCOMMANDS))
def test_every_subcommand_says_what_it_does(name):
    function, _ = cli.COMMANDS[name]
    assert re.fullmatch(r"[A-Z].{10,}\.", function.__doc__.strip())


def test_unknown_subcommand_is_an_error():
    result = run("trian")
    assert result.returncode == 2
    assert "trian" in result.stderr
    assert "train" in result.stderr
    assert "Traceback" not in result.stderr


FLAGS = {
    "prepare_dataset": ["--seed=0", "--dataset=out/dataset.zarr"],
    "train": [
        *("--dataset=dataset.zarr", "--split=split.csv", "--seed=0", "--device=cpu"),
        *("--study=test", "--method=teacher", "--budget=50", "--fold=0"),
        *("--checkpoint=out/checkpoint.pt", "--model=out/model.pt", "--history=out/history.csv"),
    ],
    "extract_activations": [
        *("--dataset=dataset.zarr", "--model=model.pt", "--layer=A", "--device=cpu"),
        "--activations=out/activations.zarr",
    ],
    "embed": [
        *("--activations=activations.zarr", "--neighbours=neighbours.zarr", "--name=tsne"),
        *("--seed=0", "--device=cpu", "--embedding=out/embedding.zarr"),
    ],
    "score_layer": [
        *("--dataset=dataset.zarr", "--activations=activations.zarr"),
        *("--neighbours=neighbours.zarr", "--metrics=out/metrics.csv"),
    ],
    "score_embedding": [
        *("--dataset=dataset.zarr", "--activations=activations.zarr"),
        *("--neighbours=neighbours.zarr", "--embedding=embedding.zarr", "--metrics=out/m.csv"),
    ],
    "build_table": ["--metrics=metrics.csv", "--kind=accuracy", "--table=out/table.csv"],
    "draw_figure": [
        *("--dataset=dataset.zarr", "--inputs=table.csv", "--methods=teacher"),
        *("--pdf=out/figure.pdf", "--png=out/figure.png"),
    ],
}
DATASET = {"name": "digits", "path": None, "download": False, "test_fraction": 0.2}


@pytest.mark.parametrize("command", FLAGS)
@pytest.mark.parametrize("settings", ["{", "", "[]", '{"typo": 1}'])
def test_bad_settings_are_one_line(command, settings, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main([command, *FLAGS[command], f"--settings={settings}"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith(f"limbeck {command}: error: --settings")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "flags"),
    [("prepare_dataset", FLAGS["prepare_dataset"]), ("write_provenance", ["--output=out.json"])],
)
def test_text_that_is_not_json_is_one_line(command, flags, tmp_path):
    result = subprocess.run(
        [LIMBECK, command, *flags, '--settings={\n  "name": \n}'],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"limbeck {command}: error: --settings: not JSON")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"name": "digit"}, "did you mean 'digits'"),
        ({"tset_fraction": 0.2}, "did you mean 'test_fraction'"),
        ({"test_fraction": 1.5}, "test_fraction = 1.5: must be < 1"),
        ({"download": "yes"}, "download = 'yes': must be of type boolean"),
    ],
)
def test_bad_values_name_the_key_and_what_is_allowed(change, part, tmp_path):
    settings = json.dumps({**DATASET, **change})
    result = run(
        "prepare_dataset", "--settings", settings, "--seed=0", f"--dataset={tmp_path}/dataset.zarr"
    )
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert part in line
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": None, "steps": None},
        {"objective": "distillation", "teacher": "teacher", "temperature": None},
        {"schedule": "step", "decay_epochs": (), "decay_factor": 0.1},
    ],
    ids=["neither epochs nor steps", "no temperature", "no decay_epochs"],
)
def test_contradictory_settings_are_one_line(
    changes, digits, split, teacher_logits, method_settings, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    settings = json.dumps(dataclasses.asdict(method_settings(**changes)))
    flags = [f"--dataset={digits}", f"--split={split}", f"--teacher-logits={teacher_logits}"]
    arguments = ["train", *FLAGS["train"], *flags, f"--settings={settings}"]
    assert cli.main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("limbeck train: error: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flag", ["split", "teacher-logits", "model", "history"])
def test_folds_need_a_file_of_each_kind_each(flag, method_settings, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = {"split": 2, "teacher-logits": 2, "model": 2, "history": 2} | {flag: 3}
    flags = [
        *("--dataset=dataset.zarr", "--seed=0", "--device=cpu", "--checkpoint=checkpoint.pt"),
        *("--study=test", "--method=teacher", "--budget=50", "--fold", "0", "1"),
        f"--settings={json.dumps(dataclasses.asdict(method_settings()))}",
    ]
    for name, count in given.items():
        flags += [f"--{name}", *(f"{name}-{number}" for number in range(count))]
    assert cli.main(["train", *flags]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"limbeck train: error: --{flag}: 3 given, one needed for each --fold: 2"
    assert list(tmp_path.iterdir()) == []


def test_help_imports_nothing_heavy():
    program = (
        "import sys, limbeck.cli\n"
        "try:\n"
        "    limbeck.cli.main(['--help'])\n"
        "except SystemExit:\n"
        "    print('MODULES', *sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules = set(result.stdout.partition("MODULES")[2].split())
    assert "limbeck.cli" in modules
    assert not modules & {"torch", "torchvision", "tensorflow", "sklearn", "zarr", "pandas"}
