"""Libraries hidden while others are imported."""

import importlib.util
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from limbeck.runtime.startup import TORCH_VERSIONS, Postponed, later, postpone, without

pinned_torch = pytest.mark.skipif(
    not version("torch").startswith(TORCH_VERSIONS), reason="torch of another version"
)
# Two steps of each optimiser, then what is imported and what the weights are.
STEPS = """
import sys
import torch

torch.manual_seed(0)
layer = torch.nn.Linear(3, 1)
for kind in (torch.optim.SGD, torch.optim.Adam):
    optimiser = kind(layer.parameters(), lr=0.1, fused=True)
    for _ in range(2):
        optimiser.zero_grad()
        layer(torch.ones(2, 3)).square().mean().backward()
        optimiser.step()
    optimiser.load_state_dict(optimiser.state_dict())
print("torch._dynamo.config" in sys.modules, "torch._refs" in sys.modules)
print(torch.cat([part.flatten() for part in layer.parameters()]).tolist())
"""
POSTPONED = (
    "from limbeck.runtime.startup import postpone_torch_compiler; postpone_torch_compiler()\n"
)


def python(code: str) -> list[str]:
    """Run code in a fresh process and return the lines that it prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    return subprocess.check_output(command, text=True, env=environment).splitlines()


@pytest.fixture
def probe(tmp_path, monkeypatch):
    """Let two modules be importable that print their names, and forget them afterwards."""
    for name in ("first_probe", "second_probe"):
        (tmp_path / f"{name}.py").write_text(f"print({name!r})\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("first_probe", "second_probe"):
        sys.modules.pop(name, None)


def test_hidden_inside_and_back_afterwards():
    sys.modules.pop("this", None)
    with without("this", "json"):
        with pytest.raises(ImportError):
            importlib.import_module("this")
        # Imported before, so it stays.
        assert importlib.import_module("json") is sys.modules["json"]
    assert importlib.util.find_spec("this") is not None
    assert "this" not in sys.modules


def test_back_after_an_error_too():
    with pytest.raises(ZeroDivisionError), without("antigravity"):
        raise ZeroDivisionError
    assert "antigravity" not in sys.modules


def test_taken_without_being_imported(probe, capsys):
    with later("first_probe"), later("second_probe"):
        from first_probe import answer, question
        from second_probe import answer as used_inside

        assert str(used_inside.numerator) == "42"
    assert capsys.readouterr().out == "second_probe\n"
    assert "first_probe" not in sys.modules
    assert "second_probe" in sys.modules
    assert answer.bit_length() == 6
    assert capsys.readouterr().out == "first_probe\n"
    with pytest.raises(AttributeError, match="question"):
        question()


def test_what_is_imported_is_taken_as_it_is(probe):
    import first_probe

    with later("first_probe"):
        from first_probe import answer
    assert answer == 42
    assert sys.modules["first_probe"] is first_probe


def test_embeddings_start_without_what_they_do_not_use():
    """And their libraries find it where they do: a geometric mean."""
    loaded, mean = python(
        "import sys\n"
        "from limbeck.embeddings import pca, tsne\n"
        "print(any(name in sys.modules for name in ('scipy.stats', 'pandas')))\n"
        "from sklearn._loss.link import gmean\n"
        "print(gmean([2, 8]))"
    )
    assert (loaded, float(mean)) == ("False", pytest.approx(4))


def test_postponed_until_it_is_used(probe, capsys):
    postpone("first_probe", "second_probe")
    import second_probe

    assert not hasattr(second_probe, "__file__")
    assert capsys.readouterr().out == ""
    assert second_probe.answer == 42
    assert capsys.readouterr().out == "first_probe\nsecond_probe\n"
    assert not isinstance(sys.modules["first_probe"], Postponed)
    with pytest.raises(AttributeError):
        second_probe.question  # noqa: B018


def test_what_is_imported_is_not_postponed(probe):
    import first_probe

    postpone("first_probe")
    assert sys.modules["first_probe"] is first_probe


@pinned_torch
def test_optimisers_take_the_same_steps_without_the_compiler(capsys):
    exec(STEPS, {})
    loaded, weights = capsys.readouterr().out.splitlines()
    postponed, same = python(POSTPONED + STEPS)
    assert (loaded, postponed) == ("True True", "False False")
    assert weights == same


# Each in a fork, as the first to use it.
USES = """
import os, torch
twice = lambda x: 2 * x
for use in (
    lambda: torch.compiler.disable(twice)(3),
    lambda: torch.compiler.disable(recursive=False)(twice)(3),
    lambda: torch.compile(lambda x: 2 * x, backend="eager")(torch.ones(())).item(),
    lambda: 2.0 if __import__("torch._dynamo.config")._dynamo.config.recompile_limit else 0,
    lambda: torch.export.export(torch.nn.Identity(), (torch.ones(2),)).module()(2.0 * torch.ones(2))
    [0].item(),
):
    if os.fork() == 0:
        print(use(), flush=True)
        os._exit(0)
    os.wait()
"""


# A box of 2 x 2 pixels, aligned to one value: their mean.
TORCHVISION = """
import sys, torch, torchvision
print("torch._dynamo.config" in sys.modules, "torch.onnx._internal" in sys.modules)
image, box = torch.arange(16.0).reshape(1, 1, 4, 4), torch.tensor([[0, 0.0, 0.0, 2.0, 2.0]])
print(torchvision.ops.roi_align(image, box, output_size=1, sampling_ratio=2, aligned=True).item())
print(sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu"))
"""


@pinned_torch
def test_torchvision_comes_without_the_compiler():
    loaded, aligned, supported = python(POSTPONED + TORCHVISION)
    assert (loaded, aligned, supported) == ("False False", "2.5", "True")


@pinned_torch
def test_the_compiler_comes_when_it_is_called():
    """Functions that are not to be compiled stay as they are."""
    assert python(POSTPONED + USES) == ["6"] * 2 + ["2.0"] * 3
