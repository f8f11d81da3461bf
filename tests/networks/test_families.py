"""The forms of ``model:`` and what builds them."""

import pytest
import torch

from limbeck.networks.families import load_family
from limbeck.networks.network import assemble
from limbeck.runtime.fingerprint import fingerprint
from limbeck.study.networks import FAMILIES, find_family, is_file, is_replayable


@pytest.mark.parametrize(
    ("model", "module", "name"),
    [
        ("wrn_28_1", "wide_resnet", "wrn_28_1"),
        ("resnet20", "cifar_resnet", "resnet20"),
        ("resnet8x4", "cifar_resnet", "resnet8x4"),
        ("resnet18", "torchvision_networks", "resnet18"),
        ("resnet50", "torchvision_networks", "resnet50"),
        ("resnet152", "torchvision_networks", "resnet152"),
        ("torchvision:resnet18", "torchvision_networks", "resnet18"),
        ("timm:vit_tiny_patch16_224", "timm_networks", "vit_tiny_patch16_224"),
        ("nets:small", "custom", "nets:small"),
        ("my.nets:small", "custom", "my.nets:small"),
    ],
)
def test_each_form_has_its_family(model, module, name):
    family, found = find_family(model)
    assert (family.module, found) == (f"networks.{module}", name)


@pytest.mark.parametrize(
    "model",
    ["my-nets:small", "timm:a/b", "torchvision:", ":small", "a:b:c", "", "resnet18\n", "a b"],
)
def test_what_has_no_form_is_one_line_with_all_forms(model, refusal):
    message = refusal(find_family, model)
    assert message.startswith(f"model = {model!r}: allowed: wrn_<depth>_<width>, resnet8,")
    assert message.endswith("timm:<name>, <package.module>:<callable>")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("wrn_28_1", True),
        ("resnet56", True),
        ("resnet18", True),
        ("torchvision:wide_resnet50_2", True),
        ("resnext50_32x4d", True),
        ("vgg16", False),
        ("timm:resnet18", False),
        ("mine:resnet18", False),
    ],
)
def test_residual_networks_can_be_replayed(model, expected):
    assert is_replayable(model) is expected


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("resnet81", ("model = resnet81", "did you mean 'resnet18'", "wrn_<depth>_<width>")),
        ("resnet_20", ("did you mean 'resnet20'",)),
        ("torchvision:resnet20", ("model = torchvision:resnet20: ", "resnet20 alone is one of")),
    ],
)
def test_unknown_names_are_one_line_with_the_nearest(model, parts, refusal, spec):
    message = refusal(assemble, spec(model=model))
    for part in parts:
        assert part in message


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_each_family_builds_and_may_name_weights(family):
    other = {"torchvision_networks": "resnet18", "timm_networks": "timm:x", "custom": "a:b"}
    module, _ = load_family(family.examples[0] if family.examples else other[family.name])
    assert module.__name__ == f"limbeck.networks.{family.name}"
    assert callable(module.build)
    of_names = ("named_weights", "weights_names", "weights_classes")
    assert len({hasattr(module, function) for function in of_names}) == 1


def test_an_edit_of_one_family_reruns_no_other():
    """A stage's own fingerprint holds none of the families; each method adds its own."""
    hashes = {fingerprint("predict", family.module) for family in FAMILIES}
    assert len({fingerprint("predict"), *hashes}) == len(FAMILIES) + 1


@pytest.mark.parametrize(
    ("weights", "path"),
    [
        ("IMAGENET1K_V1", False),
        ("a1_in1k", False),
        ("weights.pth", True),
        ("data/weights/x", True),
    ],
)
def test_paths_are_told_from_names(weights, path):
    assert is_file(weights) == path


@pytest.mark.parametrize("model", ["wrn_10_1", "resnet8", "resnet18"])
def test_the_kinds_take_grey_and_colour_images(model, spec):
    for channels in (1, 3):
        network = assemble(spec(model=model, channels=channels)).eval()
        images = torch.randint(0, 256, (2, channels, 16, 16), dtype=torch.uint8)
        assert network(images).shape == (2, 5)
