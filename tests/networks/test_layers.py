"""Names of layers and the modules that they stand for."""

import pytest
import torch
from torch import nn

from limbeck.networks.layers import (
    automatic_layers,
    channels_last,
    main_parts,
    output_fault,
    resolve_layers,
)
from limbeck.networks.network import meta_backbone
from limbeck.networks.summary import record_shapes

LAYERS = dict.fromkeys("ABCDE", "auto")


def shapes(network, size):
    """Return the shapes of A to E, in the order in which they end."""
    paths = resolve_layers(network.backbone, LAYERS)
    names = {path: name for name, path in paths.items()}
    channels = network.spec.channels
    images = torch.zeros(1, channels, size, size, device=next(network.parameters()).device)
    with record_shapes(network, names) as recorded, torch.no_grad():
        network.eval().backbone(images)
    return {names[path]: shape for path, shape in recorded.items()}


@pytest.fixture
def on_meta(spec):
    from limbeck.networks.network import Network

    def build(**changes):
        settings = spec(**changes)
        return Network(meta_backbone(settings), settings)

    return build


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ("wrn_28_1", 32, [(16, 32, 32), (16, 32, 32), (32, 16, 16), (64, 8, 8), (64, 1, 1)]),
        ("resnet56", 32, [(16, 32, 32), (16, 32, 32), (32, 16, 16), (64, 8, 8), (64, 1, 1)]),
        ("resnet8x4", 32, [(32, 32, 32), (64, 32, 32), (128, 16, 16), (256, 8, 8), (256, 1, 1)]),
        ("resnet18", 64, [(64, 16, 16), (64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 1, 1)]),
        ("vgg11", 32, [(64, 32, 32), (256, 8, 8), (512, 4, 4), (512, 1, 1), (4096,)]),
        ("squeezenet1_1", 64, [(64, 31, 31), (128, 15, 15), (256, 3, 3), (512, 3, 3), (5, 1, 1)]),
        ("convnext_tiny", 32, [(96, 8, 8), (192, 4, 4), (384, 2, 2), (768, 1, 1), (768, 1, 1)]),
        ("mobilenet_v2", 32, [(32, 16, 16), (32, 4, 4), (96, 2, 2), (1280, 1, 1), (1280,)]),
    ],
)
def test_automatic_layers_by_hand(model, size, expected, on_meta):
    found = shapes(on_meta(model=model), size)
    assert list(found) == list("ABCDE")  # in the order of the forward pass
    assert list(found.values()) == expected


def test_timms_residual_networks_have_five_layers(on_meta):
    pytest.importorskip("timm")
    found = shapes(on_meta(model="timm:resnet18", channels=1), 32)
    assert found == {
        "A": (64, 8, 8),
        "B": (64, 8, 8),
        "C": (128, 4, 4),
        "D": (256, 2, 2),
        "E": (512,),
    }


@pytest.mark.parametrize(
    ("model", "last", "first"),
    [
        ("swin_t", ["A", "B", "features.1.0.mlp", "norm"], ["features.0.0", "permute", "E"]),
        ("swin_v2_t", ["D", "features.7.1"], ["avgpool"]),
        ("convnext_tiny", [], ["B", "features.1.0"]),
        ("timm:swin_tiny_patch4_window7_224", ["layers.0", "norm"], ["patch_embed.proj"]),
        ("timm:swinv2_tiny_window8_256", ["layers.1.downsample"], ["patch_embed.proj"]),
        ("timm:mambaout_femto", ["stages.0"], ["stem.conv1"]),
        ("timm:resnet18", [], ["B", "layer2"]),
    ],
)
def test_maps_with_the_channels_last(model, last, first, on_meta):
    if model.startswith("timm:"):
        pytest.importorskip("timm")
    assert channels_last(on_meta(model=model).backbone, [*last, *first]) == {*last}


def test_a_class_can_say_what_its_layers_are():
    class Own(nn.Sequential):
        automatic_layers = {"A": "0", "D": "1"}

    assert automatic_layers(Own(nn.ReLU(), nn.ReLU())) == {"A": "0", "D": "1"}
    assert automatic_layers(nn.Sequential(nn.ReLU())) == {}


def test_any_module_can_be_a_layer(on_meta):
    backbone = on_meta().backbone
    layers = {"F": "group3.0.conv2", "A": "head", "B": "auto", "G": "C"}
    assert resolve_layers(backbone, layers) == {
        "F": "group3.0.conv2",
        "A": "head",
        "B": "group1",
        "G": "group2",
    }


def test_a_module_of_two_names_has_both():
    shared = nn.ReLU()
    backbone = nn.Sequential()
    backbone.add_module("act", shared)
    backbone.add_module("block", nn.Sequential(nn.Linear(4, 4), shared))
    assert resolve_layers(backbone, {"F": "block.1", "G": "act"}) == {"F": "block.1", "G": "act"}


def test_what_is_no_layer_is_one_line_with_the_nearest(on_meta, refusal):
    backbone = on_meta().backbone
    misspelt = refusal(resolve_layers, backbone, {"F": "group3.0.conv9"})
    assert misspelt.startswith("layer F = group3.0.conv9: did you mean 'group3.0.conv")
    unknown = refusal(resolve_layers, backbone, {"F": "auto"})
    assert unknown.startswith("layer F = auto: WideResNet has A, B, C, D, E of that kind; name a")
    none = refusal(resolve_layers, on_meta(model="vit_b_16").backbone, {"A": "auto"})
    assert none.endswith(
        "VisionTransformer has none of that kind; name a module instead, such as "
        "conv_proj, encoder, heads"
    )
    assert "layer F = :" in refusal(resolve_layers, backbone, {"F": ""})


def test_the_largest_part_is_taken_apart_until_there_are_enough():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in "abc"])
            self.stem = nn.Linear(4, 4)
            self.drop = nn.Dropout()
            self.head = nn.Linear(4, 2)

    parts = ("0.0", "0.1", "0", "1", "2")
    usable = ["stem", "drop", *(f"blocks.{part}" for part in parts), "head"]
    assert main_parts(Net(), usable, 1) == ["stem"]
    assert main_parts(Net(), usable, 4) == ["stem", "blocks.0", "blocks.1", "blocks.2"]
    # Of weighty parts there are four at most, however far they are taken apart.
    assert main_parts(Net(), usable, 5) == ["stem", "drop"]
    without = [path for path in usable if path != "blocks.1"]
    assert main_parts(Net(), without, 3) == ["stem", "blocks.0", "blocks.2"]


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        (torch.zeros(2, 3), None),
        (torch.zeros(2, 3, 4, 4, dtype=torch.bfloat16), None),
        ((torch.zeros(2, 3), None), "its output is a tuple of 2, not a tensor"),
        ([torch.zeros(2, 3)], "its output is a list of 1, not a tensor"),
        ({"x": torch.zeros(2, 3)}, "its output is of type dict, not a tensor"),
        (None, "its output is of type NoneType, not a tensor"),
        (torch.zeros(2, 3, dtype=torch.long), "its output is of torch.int64"),
        (torch.zeros(8, 3), "its output is 8×3 for 2 images, not a row for each"),
        (torch.zeros(2), "its output is 2 for 2 images"),
        (torch.tensor(1.0), "its output is a single number for 2 images"),
    ],
)
def test_only_a_tensor_with_a_row_for_each_image_is_a_layer(output, fault):
    found = output_fault(output, 2)
    assert found is None if fault is None else found.startswith(fault)
