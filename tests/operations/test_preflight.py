"""A study is checked against its dataset and what is installed, and says what it will lack."""

import os
from contextlib import nullcontext

import pytest
from PIL import Image

from limbeck.data import image_folder
from limbeck.data.facts import Facts, quick_facts
from limbeck.operations.preflight import check_before_jobs, check_until, facts_contradictions
from limbeck.runtime import extras
from limbeck.runtime.errors import InputError
from limbeck.stages.prepare_dataset import prepare_dataset
from limbeck.study.config import check_config
from limbeck.study.settings import DatasetSettings


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return a config that four images of each of two classes, made here, are enough for."""
    monkeypatch.chdir(tmp_path)
    for name in ("ant", "bee"):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for index in range(8):
            Image.new("L", (8, 8), 9 * index).save(folder / f"{index}.png")
    return check_config(
        {
            "study": "mine",
            "dataset": {"name": "image_folder", "path": "images", "test_fraction": 0.5},
            "budgets": [2],
            "methods": {"plain": {"objective": "cross_entropy", "model": "wrn_10_1"}},
            "metrics": {"neighbours": 3},
            "embeddings": {"tsne": {"perplexity": 2}, "umap": {"n_neighbors": 5}},
            "run": {"embeddings": ["tsne"]},
        }
    )


def test_notes_of_the_dataset_and_of_what_is_not_measured(config, tmp_path):
    (tmp_path / "images/ant/notes.txt").write_text("notes")
    assert check_before_jobs(config, "mine.yaml") == [
        "images: passed over 1 file that is no image (1 .txt)",
        "probe_accuracy: not measured, because class 'ant' has 4 test images of the 5 that are "
        "needed",
    ]
    assert not (tmp_path / ".snakemake").exists()  # There is no network to build.


@pytest.mark.parametrize("old", [False, True])
def test_an_image_that_cannot_be_used_costs_no_store(config, tmp_path, old):
    settings = DatasetSettings(**config["dataset"])
    store = tmp_path / "results/mine/dataset.zarr"
    prepare_dataset(settings, 0, store)
    image = tmp_path / "images/bee/new.png"
    Image.new("L", (9, 8)).save(image)
    if old:
        os.utime(image, (0, 0))
    with pytest.raises(InputError, match=r"bee/new\.png: is 9 x 8 pixels, 0\.png is 8 x 8; set "):
        check_before_jobs(config, "mine.yaml")
    image.write_bytes(b"no image")
    with pytest.raises(InputError, match=r"bee/new\.png: not an image of the formats"):
        check_before_jobs(config, "mine.yaml")
    Image.new("L", (8, 8)).save(image)
    check_before_jobs(config, "mine.yaml")
    assert store.exists()


def test_an_image_that_was_replaced_by_an_older_file_is_read(config, tmp_path):
    prepare_dataset(DatasetSettings(**config["dataset"]), 0, tmp_path / "results/mine/dataset.zarr")
    image = tmp_path / "images/bee/3.png"
    image.write_bytes(image.read_bytes()[:50])
    os.utime(image, (0, 0))
    with pytest.raises(InputError, match=r"bee/3\.png: corrupt or truncated"):
        check_before_jobs(config, "mine.yaml")


def test_images_of_several_sizes_are_found_when_they_are_no_longer_resized(config, tmp_path):
    Image.new("L", (9, 8)).save(tmp_path / "images/bee/5.png")
    resized = DatasetSettings(**config["dataset"] | {"image_size": 16})
    prepare_dataset(resized, 0, tmp_path / "results/mine/dataset.zarr")
    with pytest.raises(InputError, match=r"bee/5\.png: is 9 x 8 pixels, 0\.png is 8 x 8; set "):
        check_before_jobs(config, "mine.yaml")
    Image.new("L", (8, 8)).save(tmp_path / "images/bee/5.png")
    check_before_jobs(config, "mine.yaml")


def test_images_that_no_longer_fit_into_the_memory_cost_no_store(config, tmp_path, monkeypatch):
    prepare_dataset(DatasetSettings(**config["dataset"]), 0, tmp_path / "results/mine/dataset.zarr")
    config["dataset"]["image_size"] = 250
    # 16 images of 3 channels: 48 x 250 x 250 bytes are 3 MB.
    monkeypatch.setattr(image_folder, "memory_bytes", lambda: 2_999_999)
    with pytest.raises(InputError, match="^16 images of 250 x 250 pixels need 0 GB of memory"):
        check_before_jobs(config, "mine.yaml")
    monkeypatch.setattr(image_folder, "memory_bytes", lambda: 3_000_000)
    check_before_jobs(config, "mine.yaml")


def test_all_mistakes_at_once_each_with_its_source(config, monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "umap", ("no_such_module",))
    config["embeddings"]["tsne"]["perplexity"] = 3
    config["budgets"] = [10]
    config["run"]["embeddings"] = ["tsne", "umap"]
    config["layers"] = {"F": "no.such.layer"}
    with pytest.raises(InputError) as caught:
        check_before_jobs(config, "a.yaml + b.yaml")
    budget, perplexity, extra = str(caught.value).splitlines()
    assert budget.startswith("a.yaml + b.yaml: budgets = [10]: ")
    assert perplexity.startswith("a.yaml + b.yaml: embeddings.tsne.perplexity = 3: ")
    assert extra == (
        "a.yaml + b.yaml: embeddings.umap.algorithm = umap: needs no_such_module, which is not "
        "installed: pip install 'limbeck[umap]'"
    )


CIFAR100 = quick_facts(DatasetSettings(name="cifar100", download=True)).class_names


@pytest.mark.parametrize(
    ("class_names", "said"),
    [
        (CIFAR100, None),
        (CIFAR100[::-1], None),
        (["ant", "bee"], "the dataset lacks 'apple' and 98 more"),
        (CIFAR100[1:], "the dataset lacks 'apple'"),
        ([*CIFAR100, "ant"], "the dataset also has 'ant'"),
    ],
)
def test_published_numbers_are_of_classes(config, class_names, said):
    counts = [50] * len(class_names)
    facts = Facts(class_names, counts, counts, (8, 8, 3), {})
    config["budgets"] = [len(class_names)]
    assert [*facts_contradictions(config, facts)] == []
    config["published"] = "cifar100"
    assert [*facts_contradictions(config, facts)] == (
        [f"published = cifar100: those are numbers of its 100 classes; {said}; leave it out"]
        if said
        else []
    )


def test_published_numbers_of_other_images_are_a_mistake_in_a_dry_run(config):
    config["published"] = "cifar100"
    with pytest.raises(
        InputError, match=r"^mine\.yaml: published = cifar100: those are numbers of"
    ):
        check_before_jobs(config, "mine.yaml")


def test_tf32_is_of_gpus_where_something_is_to_be_trained(config, tmp_path):
    config["methods"]["plain"]["precision"] = "tf32"
    with pytest.raises(InputError) as caught:
        check_before_jobs(config, "mine.yaml")
    assert str(caught.value) == (
        "mine.yaml: methods.plain.precision = tf32: device: cpu has none; use float32 or auto, or "
        "device: cuda"
    )
    run = tmp_path / "results/mine/runs/plain/budget-2/fold-0"
    run.mkdir(parents=True)
    for name in ("model.pt", "history.csv"):
        (run / name).write_text("trained on a GPU")
    check_before_jobs(config, "mine.yaml")
    check_before_jobs(config | {"study": "other", "device": "cuda"}, "mine.yaml")


def test_what_is_installed_in_another_environment_is_not_looked_for(config, monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "umap", ("no_such_module",))
    config["run"]["embeddings"] = ["umap"]
    config["layers"] = {"F": "no.such.layer"}
    assert len(check_before_jobs(config, "mine.yaml", environment=False)) == 1


@pytest.mark.parametrize(
    ("words", "stuck"),
    [
        (["-n", "--until", "train"], True),
        (["-U", "score_layer", "teacher_logits", "--cores", "1"], True),
        (["-n", "--until=train"], True),
        (["-Utrain"], True),
        (["--until=score_layer"], False),
        (["--until", "score_layer", "--cores", "1", "train"], False),
        (["train", "-n"], False),
    ],
)
def test_until_a_rule_whose_jobs_wait_for_each_other(config, words, stuck):
    check_until(config, words)  # Nobody has a teacher.
    config["methods"]["pupil"] = {
        **config["methods"]["plain"],
        "objective": "distillation",
        "distillation": {"teacher": "plain"},
    }
    check_until(config, words)  # The pupil is not run.
    config["run"]["methods"] = ["pupil"]
    with pytest.raises(InputError, match="snakemake trained") if stuck else nullcontext():
        check_until(config, words)


def test_a_dataset_that_is_not_there(config, tmp_path):
    (tmp_path / "images").rename(tmp_path / "away")
    with pytest.raises(InputError, match="^images: no such folder"):
        check_before_jobs(config, "mine.yaml")
