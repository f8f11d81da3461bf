"""Shared fixtures: the digits, a split of them, settings of tiny networks and short trainings."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import sys

# Before torch is imported: one thread, here and in subprocesses, so that runs have the same bits.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest
import torch
from filelock import FileLock

from helpers.checkout import Workflow, copy_repository
from limbeck.runtime.errors import InputError
from limbeck.study.objectives import OBJECTIVES
from limbeck.study.settings import DatasetSettings, MethodSettings, block_of
from limbeck.study.validation import fill_in

# Optimisers load Triton, which aborts the process if TensorFlow came first, as it does in no job.
with contextlib.suppress(ImportError):
    import triton  # noqa: F401

METHOD = {
    "objective": "cross_entropy",
    "options": {},
    "model": "wrn_10_1",
    "weights": None,
    "input_size": None,
    "normalisation": "dataset",
    "augmentation": "none",
    "batch_size": 64,
    "epochs": 2,
    "steps": None,
    "learning_rate": 0.1,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 5e-4,
    "schedule": "cosine",
    "decay_epochs": (),
    "decay_factor": None,
    "precision": "float32",
}
RUN = {"study": "test", "method": "teacher", "budget": 50, "fold": 0}


@pytest.fixture(scope="session")
def method_settings():
    """Return a function that gives a tiny method's settings, changed where its keywords say so.

    Options that are not given have their defaults.
    """

    def settings(**changes):
        values = {**METHOD, **changes}
        objective = values["objective"]
        teacher = {"teacher": "teacher"} if OBJECTIVES[objective].teacher else {}
        values["options"] = fill_in(block_of(objective), {**teacher, **values["options"]})
        return MethodSettings(**values)

    return settings


@pytest.fixture(scope="session")
def refusal():
    """Return a function that calls another, which must end in an error; returns its one line."""

    def call(function, *arguments, **keywords):
        with pytest.raises(InputError) as caught:
            function(*arguments, **keywords)
        message = str(caught.value)
        assert re.search(r"[\n\x1b]", message) is None
        assert len(message) < 600
        return message

    return call


@pytest.fixture
def own_modules(tmp_path, monkeypatch):
    """Return the folder of the test, whose modules are found and loaded in this test only."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(scope="session")
def layers():
    """Return three layers of 50 images, of 30, 8 and 120 values, that have something in common."""
    generator = np.random.default_rng(6)
    common = generator.normal(size=(50, 8))
    return [
        common @ generator.normal(size=(8, 30)) + generator.normal(size=(50, 30)) + 5,
        common + generator.normal(scale=0.3, size=(50, 8)) - 80,
        generator.normal(size=(50, 120)),
    ]


@pytest.fixture(scope="session")
def device():
    """Return where tests of what computes on the study's device compute: a GPU, if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """Return the path of a store of the digits: 1437 training and 360 test images of 8 x 8."""
    from limbeck.stages.prepare_dataset import prepare_dataset

    path = tmp_path_factory.mktemp("digits") / "dataset.zarr"
    settings = DatasetSettings(name="digits", path=None, download=False, test_fraction=0.2)
    prepare_dataset(settings, 0, path)
    return path


@pytest.fixture(scope="session")
def samples(digits):
    """Return the images, labels and sample ids of the test images."""
    from helpers.pictures import samples_of
    from limbeck.data.dataset import Dataset

    return samples_of(Dataset(digits), "test")


@pytest.fixture(scope="session")
def split(digits, tmp_path_factory):
    """Return the path of a split of the digits: 50 labelled images, 1387 unlabelled ones."""
    from limbeck.stages.split_dataset import split_dataset

    path = tmp_path_factory.mktemp("splits") / "fold-0.csv"
    split_dataset(digits, 50, 0, 0, path)
    return path


@pytest.fixture(scope="session")
def run_training(digits, split, device):
    """Return a function that trains with settings into a folder, which it returns."""
    from limbeck.training.loop import Run, train

    def run(folder, settings, dataset=digits, **changes):
        arguments = {
            "split": split,
            "identity": RUN,
            "seed": 7,
            "model": folder / "model.pt",
            "history": folder / "history.csv",
        }
        train(
            dataset=dataset,
            run=Run(**{**arguments, **changes}),
            settings=settings,
            device=device,
            checkpoint=folder / "checkpoint.pt",
        )
        return folder

    return run


@pytest.fixture(scope="session")
def trained(run_training, method_settings, tmp_path_factory):
    """Return the folder of a short training with mirror images, three steps an epoch."""
    settings = method_settings(augmentation="flip", batch_size=20)
    return run_training(tmp_path_factory.mktemp("trained"), settings)


@pytest.fixture(scope="session")
def teacher_logits(digits, trained, device, tmp_path_factory):
    """Return the path of the trained network's logits of the training images."""
    from limbeck.stages.teacher_logits import teacher_logits

    path = tmp_path_factory.mktemp("teacher") / "teacher_logits.zarr"
    # Restores the mode: if the function left it changed, only the test of that should fail.
    with torch.inference_mode(False):
        teacher_logits(digits, trained / "model.pt", device, path)
    return path


def pytest_collection_modifyitems(items):
    """Put slow tests first, so that two processes end at about the same time."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory, worker_id) -> Workflow:
    """Return the checkout in which the tiny study was run; tests must not change it.

    Processes of one call of pytest share it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "finished"
    end = folder.with_suffix(".end")
    with FileLock(folder.with_suffix(".lock")):
        if not end.exists():
            shutil.rmtree(folder, ignore_errors=True)
            result = copy_repository(folder).run("--cores", "2")
            assert result.returncode == 0, result.stdout + result.stderr
            end.touch()
    return Workflow(folder)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """Return headless Chromium, one for all tests of a process."""
    from helpers.browser import BROWSER, DRIVER, start_browser

    if not (BROWSER and DRIVER):
        pytest.skip("needs chromium and chromedriver")
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def browser(chromium):
    """Return the browser as wide as at its start, without what pages said or asked for before."""
    chromium.set_window_size(1440, 1000)
    for log in ("browser", "performance"):
        chromium.get_log(log)
    return chromium


@pytest.fixture
def interrupt(run_training, monkeypatch):
    """Return a function that trains but cannot write its network: a checkpoint is left behind."""
    from limbeck.training import checkpoints

    monkeypatch.setattr(checkpoints, "SAVE_SECONDS", 0.0)

    def run(folder, settings, **changes):
        folder.mkdir(parents=True)
        blocker = folder / "blocker"
        blocker.write_text("a file where the folder of the network should be")
        with pytest.raises(InputError, match="a part of this path is a file"):
            run_training(folder, settings, **changes, model=blocker / "model.pt")
        assert (folder / "checkpoint.pt").is_file()
        assert not (folder / "history.csv").exists()

    return run


@pytest.fixture
def stop_after(monkeypatch):
    """Return a function that gives a context in which a training is sent SIGTERM after steps."""
    from limbeck.runtime.errors import Stopped
    from limbeck.training import checkpoints

    @contextlib.contextmanager
    def stopping(steps):
        taken = itertools.count(1)
        keep = checkpoints.Checkpoint.keep

        def keep_and_stop(self, state):
            if next(taken) == steps:
                os.kill(os.getpid(), signal.SIGTERM)
            keep(self, state)

        with monkeypatch.context() as patch:
            patch.setattr(checkpoints.Checkpoint, "keep", keep_and_stop)
            with pytest.raises(Stopped) as caught:
                yield
        assert "checkpoint.pt is saved" in str(caught.value)

    return stopping


@pytest.fixture
def stop(run_training, stop_after):
    """Return a function that trains and is sent SIGTERM after so many steps."""

    def run(folder, settings, steps, **changes):
        folder.mkdir(parents=True)
        with stop_after(steps):
            run_training(folder, settings, **changes)
        assert [path.name for path in folder.iterdir()] == ["checkpoint.pt"]

    return run
