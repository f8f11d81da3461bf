"""Configs are read as Snakemake reads them; files that it names must be there."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.settings.types import ConfigSettings
from snakemake.utils import update_config

from limbeck.runtime.errors import InputError
from limbeck.runtime.extras import EXTRAS
from limbeck.study.checks import missing_libraries
from limbeck.study.config import check_config, check_files, read_config
from limbeck.study.yaml_files import read_yaml

REPOSITORY = Path(__file__).parents[2]
STUDIES = sorted((REPOSITORY / "config").glob("*.yaml"))


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a working directory that has the default study."""
    (tmp_path / "config").mkdir()
    shutil.copy(REPOSITORY / "config/config.yaml", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.name)
def test_studies_that_ship_are_right(path, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    command = re.search(r"^#   snakemake --configfile((?: config/\S+)+)", path.read_text(), re.M)
    files = [Path(name) for name in command[1].split()] if command else [path]
    assert files[-1].name == path.name
    check_files(files)
    config = read_config(files)
    # Or one would overwrite another's results.
    assert config["study"] == ("demo" if path.name == "config.yaml" else path.stem)


def test_without_overlays_it_is_the_default_study(repository):
    assert read_config()["study"] == "demo"


def test_the_readmes_study_is_right():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(study: .*?)^```$", text, re.M | re.S)
    assert list(check_config(yaml.safe_load(block))["layers"]) == ["stem", "end"]


@pytest.mark.parametrize(
    "overlays",
    [
        ["study: other\nlayers: {C: auto}"],
        ["budgets: [50]\nfigures: {embeddings_ivis: {fold: 1}}", "budgets: [50, 400]"],
        # Merged with each other first: the mapping replaces null, then joins the study's own.
        ["metrics: null", "metrics: {neighbours: 4}"],
        ["metrics: {}"],
        ["study: mine\ndataset: {name: digits, test_fraction: 0.2}\nbudgets: [20]\nmethods: "
         "{a: {objective: cross_entropy, model: wrn_10_1}}"],
        ["study: mine", "dataset: {name: digits, test_fraction: 0.2}\nbudgets: [20]\nmethods: "
         "{a: {objective: cross_entropy, model: wrn_10_1}}"],
        [],
    ],
)  # fmt: skip
def test_overlays_are_merged_as_snakemake_merges_them(overlays, repository):
    paths = [repository / f"{number}.yaml" for number in range(len(overlays))]
    for path, text in zip(paths, overlays, strict=True):
        path.write_text(text)
    expected = dict(ConfigSettings(configfiles=paths).overwrite_config)
    if "methods" not in expected:  # As the Snakefile says.
        overwrite = expected
        expected = load_configfile("config/config.yaml")
        update_config(expected, overwrite)
    assert read_config(paths) == check_config(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "--configfile over.yaml: No such file or directory"),
        (b"a: [1", "over.yaml: not YAML (while parsing a flow sequence"),
        (b"", "over.yaml: must be a mapping of keys to values"),
        (b"study: caf\xe9", "--configfile over.yaml: not UTF-8; save it as UTF-8"),
        (b"a: " + 3000 * b"[" + 3000 * b"]", "over.yaml: lists or mappings in each other, too"),
        (b"a: b\tc: d", "over.yaml: not YAML (mapping values are not allowed "),
        (b"folds: two", "config/config.yaml + over.yaml: folds = 'two': must be a whole number"),
        (
            b"study: a\nmethods: {}",
            "over.yaml: methods is empty: at least 1 needed\nover.yaml: data",
        ),
    ],
)
def test_bad_overlays(text, expected, repository):
    if text is not None:
        Path("over.yaml").write_bytes(text)
    with pytest.raises(InputError) as caught:
        read_config(["over.yaml"])
    assert str(caught.value).startswith(expected)


def test_read_config_outside_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"config/config\.yaml: not found; run this in the root"):
        read_config()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 020", "line 2: YAML reads 020 in base 8; write the number without leading"),
        ("a: [1, {b: -017}]", "line 1: YAML reads -017 in base 8"),
        ("a: 1:30", "line 1: YAML reads 1:30 in base 60"),
        ("a: 190:20:30.15", "line 1: YAML reads 190:20:30.15 in base 60"),
        ("a: 1\nb: 2\na: 3", "line 3: 'a' stands in line 1 already; remove one"),
        ("a: {b: 1,\n c: 2, b: 1}", "line 2: 'b' stands in line 1 already; remove one"),
        ("a: {b: 1, 'b': 2}", "line 1: 'b' stands in line 1 already; remove one"),
        ("a: 1\nb: &a\n  b: *a", "line 2: an anchor that holds itself has no end"),
        ("a: &a [1, *a]", "line 1: an anchor that holds itself has no end"),
    ],
)
def test_what_yaml_makes_of_a_text_silently(text, line, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}: {line}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "a: 0",
        "a: 0.5",
        "a: 10",
        "a: '020'",
        "a: '1:30'",
        "a: 0x1F",
        "a: 1_000",
        "a: &a {b: 1}\nc: {<<: *a, d: 2}\ne: *a",
        "a: {b: 1}\nc: {b: 1}",
    ],
)
def test_what_yaml_reads_as_it_looks(text, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert read_yaml(path) == yaml.safe_load(text)


def test_aliases_of_aliases_are_read_in_no_time(tmp_path):
    path = tmp_path / "a.yaml"
    lists = [f"a{n}: &a{n} [{','.join(9 * [f'*a{n - 1}'])}]" for n in range(1, 30)]
    path.write_text("\n".join(["a0: &a0 [1]", *lists]))  # 9²⁹ numbers
    found = read_yaml(path)
    assert found["a29"][8] is found["a28"]


def test_a_file_without_a_name():
    with pytest.raises(InputError, match=r"--configfile '': Is a directory"):
        read_yaml("")


def test_every_surprise_is_a_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: 010\nb: 011\na: 1")
    with pytest.raises(InputError) as caught:
        check_files([path])
    assert len(str(caught.value).splitlines()) == 3


def missing(config):
    with pytest.raises(InputError) as caught:
        check_config(config, "a.yaml", files=True)
    return str(caught.value).removeprefix("a.yaml: ")


def test_files_that_are_not_there(config, repository, monkeypatch):
    remedy = "no such file or folder; put it there, or change"
    config["methods"]["teacher"]["weights"] = "w/a.pth"
    check_config(config)
    assert missing(config) == f"methods.teacher.weights = w/a.pth: {remedy} methods.teacher.weights"
    monkeypatch.setenv("HERE", str(repository))
    config["methods"]["teacher"]["weights"] = "$HERE/a.pth"
    (repository / "a.pth").touch()
    check_config(config, files=True)
    config["dataset"] = {"name": "image_folder", "path": "~/nowhere/images"}
    assert missing(config).startswith(f"dataset.path = ~/nowhere/images: {remedy} dataset.path")
    config["dataset"] = {"name": "cifar10", "path": "nowhere", "download": True}
    check_config(config, files=True)


def test_weights_of_each_run_must_be_there(config, repository):
    config["methods"]["teacher"] |= {
        "objective": "pretrained",
        "pretrained": {"weights": "w/{budget}-{fold}.pth"},
    }
    (repository / "w").mkdir()
    for name in ("50-0", "50-1", "200-1"):
        (repository / f"w/{name}.pth").touch()
    key = "methods.teacher.pretrained.weights"
    assert missing(config).startswith(f"{key} = w/200-0.pth: no such file or folder; ")
    config["run"] |= {"methods": ["undistilled"], "figures": ["bars"]}
    config["figures"] = {"bars": {"kind": "accuracy"}}
    check_config(config, files=True)  # nothing needs the teacher


def test_weights_with_braces_are_wildcards_to_snakemake(config, repository, monkeypatch):
    method = config["methods"]["teacher"]
    key, reason = "methods.teacher.weights", "braces other than {budget} and {fold} are wildcards"
    (repository / "w{x}").mkdir()
    (repository / "w{x}/a.pth").touch()
    for path in ("w{x}/a.pth", "w{x}/none.pth", "w{budget}{x}/a.pth"):
        method["weights"] = path
        assert missing(config).startswith(f"{key} = {path.replace('{budget}', '50')}: {reason}")
    monkeypatch.setenv("THERE", str(repository / "w{x}"))
    method["weights"] = "${THERE}/a.pth"
    assert missing(config).startswith(f"{key} = ${{THERE}}/a.pth: {reason}")
    monkeypatch.setenv("THERE", str(repository))
    (repository / "a.pth").touch()
    check_config(config, files=True)


def test_libraries_of_an_extra_must_be_installed(config, monkeypatch):
    monkeypatch.setitem(EXTRAS, "umap", ("umap", "no_such_library"))
    config["embeddings"]["map"] = {"algorithm": "umap"}
    assert list(missing_libraries(check_config(config))) == []
    config["run"] = {"embeddings": ["map"], "figures": []}
    assert list(missing_libraries(check_config(config))) == [
        "embeddings.map.algorithm = umap: needs no_such_library, which is not installed: "
        "pip install 'limbeck[umap]'"
    ]
