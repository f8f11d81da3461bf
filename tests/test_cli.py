"""The command line: what it lists, how it fails, what it imports."""

import dataclasses
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import torch

from limbeck import cli

LIMBECK = Path(sysconfig.get_path("scripts"), "limbeck")
RULES = Path(__file__).parents[1] / "workflow" / "rules"
SUBCOMMANDS = cli.command_names()


def run(*arguments):
    return subprocess.run([LIMBECK, *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_subcommand():
    result = run("--help")
    assert result.returncode == 0
    assert re.findall(r"^    (\w+)", result.stdout, re.MULTILINE) == SUBCOMMANDS
    assert {"train", "embed", "status"} <= set(SUBCOMMANDS)


def test_rules_call_subcommands_with_their_flags():
    text = "".join(path.read_text() for path in sorted(RULES.glob("*.smk")))
    calls = re.findall(r'"(?:{resources\.launcher} )?limbeck (\w+)(.*?)2>>', text, re.DOTALL)
    assert {name for name, _ in calls} <= set(SUBCOMMANDS)
    assert len(calls) == text.count('"limbeck ') + text.count("launcher} limbeck ")
    for name, call in calls:
        actions = cli.command_parser(name)[0]._actions[1:]
        required = {action.option_strings[0] for action in actions if action.required}
        given = set(re.findall(r"--[a-z-]+", call))
        assert required <= given <= {action.option_strings[0] for action in actions}, name


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_says_what_it_does(name):
    assert re.fullmatch(r"[A-Z].{10,}\.", cli.command_summary(name))
    parser, _ = cli.command_parser(name)
    assert all(len(action.help) > 10 for action in parser._actions)


def test_unknown_subcommand_is_an_error():
    result = run("trian")
    assert result.returncode == 2
    assert "trian" in result.stderr
    assert "train" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--fold=-1"], "argument --fold: -1: must be >= 0"),
        (["--seed=1e3"], "argument --seed: invalid whole number value: '1e3'"),
        (["--budget", "20", "--budget=30"], "argument --budget: given 2 times; give it once"),
    ],
)
def test_flags_that_cannot_be_meant(flags, message, capsys):
    with pytest.raises(SystemExit):
        cli.main(["split_dataset", *flags])
    assert capsys.readouterr().err.endswith(f"limbeck split_dataset: error: {message}\n")


def test_flags_are_given_whole(capsys):
    flags = ["--dataset=d", "--budget=20", "--fold=0", "--seed=1", "--split=s"]
    with pytest.raises(SystemExit):
        cli.main(["split_dataset", *flags, "--budg=18"])
    message = "limbeck split_dataset: error: unrecognized arguments: --budg=18\n"
    assert capsys.readouterr().err.endswith(message)


def test_a_key_that_stands_twice_in_json(capsys):
    flags = [*FLAGS["prepare_dataset"], '--settings={"name": "digits", "name": "svhn"}']
    assert cli.main(["prepare_dataset", *flags]) == 1
    assert "--settings: 'name' stands 2 times in one mapping" in capsys.readouterr().err


def test_without_docstrings_there_are_no_flags(monkeypatch):
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    result = run("split_dataset", "--budget=20")
    assert result.returncode == 1
    assert result.stderr.startswith("limbeck split_dataset: error: PYTHONOPTIMIZE = 2, or -OO, ")


def test_a_working_directory_that_is_gone(tmp_path):
    command = f"cd {tmp_path} && rmdir {tmp_path} && {LIMBECK} status"
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert result.stderr.startswith("limbeck status: error: the working directory is gone; ")


def test_a_notebooks_backend_of_matplotlib_is_none_of_a_jobs(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    result = run("draw_figure", "--help")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("stream", [1, 2])
def test_a_closed_stream_is_no_traceback(stream, tmp_path):
    command = f"{LIMBECK} status --configfile none.yaml {stream}>&-"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def _out_of_memory():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has")


def _not_deterministic():
    torch.set_deterministic_debug_mode("error")
    try:
        torch.zeros(2).put_(torch.tensor([0]), torch.tensor([1.0]))
    finally:
        torch.set_deterministic_debug_mode("default")


def _out_of_main_memory():
    torch.empty(10**15)


@pytest.mark.parametrize(
    ("fail", "message"),
    [
        (_out_of_main_memory, "not enough memory (tried to allocate 4000000000000000 bytes); give"),
        (_out_of_memory, "CUDA out of memory. Tried to allocate 2.00 GiB; let fewer jobs share it"),
        (_not_deterministic, "put_ gives other numbers from time to time on this device, so that"),
    ],
)
def test_what_torch_lacks_is_one_line(fail, message, monkeypatch, capsys):
    monkeypatch.setattr(cli, "call", lambda *given: fail())
    flags = ["--metrics=metrics.csv", "--kind=accuracy", "--settings={}", "--table=table.csv"]
    assert cli.main(["build_table", *flags]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"limbeck build_table: error: {message}")


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
        *("--neighbours=neighbours.zarr", "--embeddings", "embedding.zarr"),
        "--metrics=out/metrics.csv",
    ],
    "build_table": ["--metrics=metrics.csv", "--kind=accuracy", "--table=out/table.csv"],
    "draw_figure": [
        *("--dataset=dataset.zarr", "--superclasses=superclasses.csv"),
        *("--inputs=table.csv", "--methods=teacher"),
        *("--pdf=out/figure.pdf", "--png=out/figure.png", "--csv=out/figure.csv"),
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
    [
        ("prepare_dataset", FLAGS["prepare_dataset"]),
        ("write_provenance", ["--predictions=store", "--output=out.json"]),
    ],
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
    first, line = result.stderr.splitlines()
    assert re.fullmatch(rf"\S+ \S+ limbeck {command}, version .+, host .+, attempt 1", first)
    assert line.startswith(f"limbeck {command}: error: --settings: not JSON")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_value_names_the_key_and_what_is_allowed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    settings = json.dumps({**DATASET, "test_fraction": 1.5})
    flags = [*FLAGS["prepare_dataset"], f"--settings={settings}"]
    assert cli.main(["prepare_dataset", *flags]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.endswith("error: --settings: test_fraction = 1.5: must be < 1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": None, "steps": None},
        {"objective": "distillation", "options": {"temperature": None}},
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
    given = {flag.partition("=")[0] for flag in flags}
    others = [flag for flag in FLAGS["train"] if flag.partition("=")[0] not in given]
    assert cli.main(["train", *flags, *others, f"--settings={settings}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("limbeck train: error: ")
    assert list(tmp_path.iterdir()) == []


def test_a_job_logs_its_own_lines_alone(digits, tmp_path):
    split = tmp_path / "fold-0.csv"
    flags = ["--budget=50", "--fold=0", "--seed=0", f"--split={split}"]
    result = run("split_dataset", f"--dataset={digits}", *flags)
    assert split.is_file()
    (line,) = result.stderr.splitlines()
    assert " limbeck split_dataset, version " in line


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
