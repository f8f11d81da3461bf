"""What a dry run knows of a network."""

import sys

import pytest
import torch

from limbeck.networks.checks import check_network, look_at_parts
from limbeck.networks.layers import resolve_layers
from limbeck.networks.network import build, meta_backbone
from limbeck.networks.summary import record_shapes
from limbeck.networks.user_code import VARIABLE

COLOUR, DIGITS = (3, 32, 32), (1, 8, 8)
ATTENTION = "encoder.layers.encoder_layer_0.self_attention"


@pytest.fixture
def check(spec):
    """Return a function that checks a model, by default on 32 pixels and batches of 64."""

    def call(model, layers=None, images=COLOUR, batch_size=64, on_gpu=False, **changes):
        settings = spec(model=model, channels=images[0], **changes)
        return check_network(settings, images, layers or {}, batch_size, on_gpu)

    return call


@pytest.mark.parametrize("model", ["wrn_28_1", "resnet20", "resnet18", "torchvision:resnet18"])
def test_shapes_of_layers_are_those_of_a_real_pass(model, check, spec):
    layers = dict.fromkeys("ABCDE", "auto") | {"F": "conv1"}
    found = check(model, layers)
    network = build(spec(model=model)).eval()
    paths = resolve_layers(network.backbone, layers)
    with record_shapes(network, paths.values()) as shapes:
        network(torch.zeros(1, *COLOUR))
    assert found == {name: shapes[path] for name, path in paths.items()}


def test_weights_take_no_memory(check, spec):
    backbone = meta_backbone(spec(model="wrn_28_10"))
    assert all(tensor.is_meta for tensor in backbone.state_dict().values())
    assert check("wrn_28_10", {"E": "auto"}) == {"E": (640, 1, 1)}


@pytest.mark.parametrize(
    ("model", "images", "parts"),
    [
        (
            "vgg11",
            (3, 12, 12),
            ("12 × 12: Given input size: (512x1x1)", "input_size = 32 would do"),
        ),
        ("vit_b_16", (3, 12, 12), ("Wrong image height!", "got 12!; input_size = 224 would do")),
    ],
)
def test_images_that_a_network_cannot_take_are_one_line(model, images, parts, check, refusal):
    message = refusal(check, model, images=images)
    assert message.startswith(f"model = {model}: takes no images of ")
    for part in parts:
        assert part in message


def test_an_input_size_that_does_not_do_is_named(check, refusal):
    message = refusal(check, "vit_b_16", input_size=64)
    assert message.startswith("model = vit_b_16: takes no images of 64 × 64 (input_size): ")
    assert message.endswith("input_size = 224 would do")
    check("vit_b_16", input_size=224)


@pytest.mark.parametrize(
    ("layers", "parts"),
    [
        ({"F": "layer4.1.conv9"}, ("layer F = layer4.1.conv9: did you mean 'layer4.1.conv",)),
        ({"F": "auto"}, ("layer F = auto: ResNet has A, B, C, D, E of that kind",)),
    ],
)
def test_layers_that_are_not_there_are_one_line(layers, parts, check, refusal):
    message = refusal(check, "resnet18", layers)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (ATTENTION, "its output is a tuple of 2, not a tensor; take another: "),
        (f"{ATTENTION}.out_proj", "no image passes through it; take another: "),
    ],
)
def test_layers_without_a_tensor_are_one_line_with_others(path, fault, check, refusal):
    message = refusal(check, "vit_b_16", {"F": path}, input_size=224)
    assert message.startswith(f"layer F = {path}: {fault}")
    others = message.rpartition("take another: ")[2].split(", ")
    found = check("vit_b_16", dict(zip("XYZ", others, strict=True)), input_size=224)
    assert len(found) == 3


def test_layers_with_more_rows_than_images_are_refused(check, refusal, own):
    message = refusal(check, own("windows"), {"F": "2"})
    assert "layer F = 2: its output is 8×768 for 2 images, not a row for each" in message


def test_batches_that_cannot_be_trained_on_are_one_line(check, refusal):
    message = refusal(check, "resnet18", batch_size=1)
    assert message.startswith(
        "model = resnet18: does not train on a batch of 1: Expected more than"
    )
    check("resnet18", batch_size=2)
    check("resnet18", batch_size=None)


@pytest.mark.parametrize("network", ["pooled", "padded", "enlarged"])
def test_gradients_that_differ_from_time_to_time_on_a_gpu_are_refused(network, check, refusal, own):
    layers = {"pooled": "AdaptiveAvgPool2D", "padded": "ReflectionPad2D"}
    layer = layers.get(network, "UpsampleBicubic2DAa")
    model = own(network)
    assert refusal(check, model, on_gpu=True) == (
        f"model = {model}: the gradients of {layer} are not the same each time on a GPU; take a "
        "network without it, or device: cpu"
    )
    check(model)
    check(model, on_gpu=True, batch_size=None)
    check(own("first_padded"), on_gpu=True)  # Images have no gradients.


@pytest.mark.parametrize("model", ["wrn_10_1", "resnet18", "vgg11_bn", "alexnet"])
def test_networks_that_train_on_a_gpu(model, check):
    check(model, input_size=64, on_gpu=True)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_auxiliary_heads_are_refused_in_training_only(check, refusal):
    message = refusal(check, "googlenet")
    assert message.startswith("model = googlenet: its output is a GoogLeNetOutputs, not a tensor")
    check("googlenet", batch_size=None)


def test_grey_images_are_checked_as_they_are_used(check):
    assert check("wrn_10_1", {"A": "auto"}, DIGITS) == {"A": (16, 8, 8)}
    assert check("resnet18", {"A": "auto"}, DIGITS) == {"A": (64, 2, 2)}


OWN = """
import torch
from torch import nn

def fixed(num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))

def maps(num_classes):
    return nn.Conv2d(3, num_classes, 3)

def windows(num_classes):
    parts = nn.Unflatten(0, (2, 4)), nn.Flatten(1), nn.Linear(4 * 5, num_classes)
    return nn.Sequential(
        nn.Flatten(), nn.Unflatten(1, (4, 768)), Rows(), nn.Linear(768, 5), *parts
    )

class Rows(nn.Module):
    def forward(self, x):
        return x.flatten(0, 1)[:, :768]

def pooled(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, num_classes)
    )

def first_padded(num_classes):
    first = nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")
    return nn.Sequential(first, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))

def padded(num_classes):
    return nn.Sequential(nn.Conv2d(3, 3, 1), first_padded(num_classes))

class Larger(nn.Module):
    def forward(self, x):
        return nn.functional.interpolate(x, 40, mode="bicubic", antialias=True)

def enlarged(num_classes):
    last = nn.Conv2d(3, num_classes, 40)
    return nn.Sequential(nn.Conv2d(3, 3, 1), Larger(), last, nn.Flatten())

class Squeezed(nn.Sequential):
    def __init__(self, num_classes):
        super().__init__(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Linear(4, num_classes))

    def forward(self, x):
        return self[2](self[1](self[0](x)).squeeze())

class SqueezedLayer(Squeezed):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.same = nn.Identity()

    def forward(self, x):
        return self[2](self.same(self[1](self[0](x)).squeeze()).view(-1, 4))

class Transposed(Squeezed):
    def forward(self, x):
        return self[2](self[1](self[0](x)).squeeze().transpose(0, 1).transpose(0, 1))

class Branching(nn.Sequential):
    def __init__(self, num_classes):
        super().__init__(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Linear(4, num_classes))

    def forward(self, x):
        if x.abs().max() > 100:
            x = x / x.std().item()
        return self[2](self[1](self[0](x)).flatten(1))

class Selecting(Branching):
    def forward(self, x):
        if self.training:
            x = x[x.flatten(1).sum(1).isfinite().nonzero()[:, 0]]
        return self[2](self[1](self[0](x)).flatten(1))

class Fixed(nn.Sequential):
    def __init__(self, num_classes):
        super().__init__(nn.Flatten(), nn.Linear(3 * 20 * 20, num_classes))

    def forward(self, x):
        return super().forward(x * x.max().item())

def needs_numbers(num_classes):
    width = int(torch.linspace(1, 8, 4).sum())
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, width), nn.Linear(width, num_classes))
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function that gives the ``model:`` of a network of the user."""
    (tmp_path / "checked_nets.py").write_text(OWN)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield lambda name: f"checked_nets:{name}"
    sys.modules.pop("checked_nets", None)


def test_logits_must_be_one_row_an_image_and_one_a_class(check, refusal, own):
    message = refusal(check, own("fixed"))
    assert message == (
        "model = checked_nets:fixed: its output is 2×10 for 2 images, not 2×5: a logit for each of "
        "the 5 classes"
    )
    assert "its output is 2×5×30×30 for 2 images" in refusal(check, own("maps"))


@pytest.mark.parametrize(
    ("network", "layers", "fault"),
    [
        ("Squeezed", {}, "its output is 5, not 1×5"),
        ("SqueezedLayer", {"F": "same"}, "layer same is 4, not 1×4"),
        (
            "Transposed",
            {},
            "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
        ),
    ],
)
def test_a_single_image_must_pass_as_several_do(network, layers, fault, check, refusal, own):
    model = own(network)
    assert refusal(check, model, layers) == (
        f"model = {model}: takes 2 images at once but not a single one: {fault}; the usual cause "
        "is squeeze() without a dimension, in place of flatten(1)"
    )


def test_code_that_needs_numbers_is_built_without_the_meta_device(check, own):
    state = torch.get_rng_state()
    assert check(own("needs_numbers"), {"F": "1"}) == {"F": (18,)}
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("network", ["Branching", "Selecting"])
def test_code_that_looks_at_numbers_passes_without_the_meta_device(network, check, own):
    state = torch.get_rng_state()
    assert check(own(network), {"F": "0"}, on_gpu=True) == {"F": (4, 30, 30)}
    assert torch.equal(state, torch.get_rng_state())


def test_parts_of_code_that_looks_at_numbers(spec, own):
    assert look_at_parts(spec(model=own("Branching")), COLOUR, 1) == (None, ["0"])


def test_code_that_looks_at_numbers_has_its_own_error(check, refusal, own):
    message = refusal(check, own("Fixed"))
    assert "takes no images of 32 × 32: " in message
    assert "mat1 and mat2 shapes cannot be multiplied" in message


def test_a_network_without_a_size_is_told_of_the_images(refusal, spec, own):
    message = refusal(look_at_parts, spec(model=own("Fixed")), COLOUR, 5)
    assert message.startswith("model = checked_nets:Fixed: takes no images of 32 × 32: ")
