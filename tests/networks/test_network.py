"""Networks: normalisation, resizing, channels, weights that they start from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from limbeck.networks.network import (
    IMAGENET_MEAN,
    Network,
    build,
    build_network,
    head_names,
    network_spec,
)

COLOUR = {"class_names": list("abcde"), "mean": [0.5, 0.4, 0.2], "std": [0.25, 0.5, 0.1]}
GREY = {"class_names": list("0123456789"), "mean": [0.3], "std": [0.4]}
SHARED = Path(__file__).parents[2] / "data/weights/resnet18_tiny_imagenet.pth"


def normalised(network, images):
    network.backbone = nn.Identity()
    return network(images)


def test_grey_images_are_normalised(spec):
    network = Network(nn.Identity(), spec(channels=1))
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 1, 3)
    # 51 / 255 = 0.2 and (0.2 - 0.5) / 0.25 = -1.2
    np.testing.assert_allclose(network(images).flatten(), [-2, -1.2, 2], rtol=1e-6)


def test_colour_images_are_normalised_by_channel(method_settings):
    images = torch.tensor([255, 102, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    own = build_network(method_settings(), COLOUR, 3)
    # (1 - 0.5) / 0.25, (0.4 - 0.4) / 0.5, (0 - 0.2) / 0.1
    np.testing.assert_allclose(normalised(own, images).flatten(), [2, 0, -2], atol=1e-6)
    imagenet = build_network(method_settings(normalisation="imagenet"), COLOUR, 3)
    expected = [(1 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, -0.406 / 0.225]
    np.testing.assert_allclose(normalised(imagenet, images).flatten(), expected, rtol=1e-5)


def test_the_first_convolution_need_not_take_the_image(spec):
    class Folded(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(12, 8, 3)

        def forward(self, images):
            return self.stem(nn.functional.pixel_unshuffle(images, 2)).mean((2, 3))

    network = Network(Folded(), spec(mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.2)))
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 8)


def test_grey_images_and_the_statistics_of_colour_weights(method_settings, tmp_path):
    torch.manual_seed(0)
    settings = method_settings(normalisation="imagenet")
    trained = build_network(settings, COLOUR, 3).eval()
    torch.save(trained.state_dict(), tmp_path / "weights.pth")
    kept = replace(settings, objective="pretrained", options={"weights": f"{tmp_path}/weights.pth"})
    network = build_network(kept, {**GREY, "class_names": list("abcde")}, 1).eval()
    images = torch.randint(0, 256, (2, 1, 8, 8), dtype=torch.uint8)
    assert torch.equal(network(images), trained(images.expand(2, 3, 8, 8)))


def test_weights_that_torchvision_gives_images_of_halves(method_settings, refusal):
    pretrained = {"objective": "pretrained", "options": {"weights": "w/own.pth"}}
    settings = replace(
        method_settings(model="inception_v3", normalisation="imagenet"), **pretrained
    )
    message = refusal(network_spec, settings, COLOUR, 3)
    assert message.startswith("normalisation = imagenet: weights of inception_v3 take images of")
    theirs = network_spec(replace(settings, model="timm:inception_v3"), COLOUR, 3)
    assert theirs.mean == IMAGENET_MEAN  # Some of timm's weights take these.
    halves = replace(settings, normalisation="own", mean=(0.5,) * 3, std=(0.5,) * 3)
    network = Network(nn.Identity(), network_spec(halves, COLOUR, 3))
    images = torch.randint(0, 256, (1, 3, 4, 4), dtype=torch.uint8)
    googlenet = torchvision.models.googlenet(init_weights=False, transform_input=True)
    imagenet = Network(nn.Identity(), network_spec(replace(settings, options={}), COLOUR, 3))
    turned = googlenet._transform_input(imagenet(images))
    torch.testing.assert_close(network(images), turned, atol=1e-5, rtol=1e-5)


def test_tags_of_timm_that_take_other_images_than_imagenets(method_settings, refusal):
    pytest.importorskip("timm")

    def of(model, weights):
        return method_settings(model=f"timm:{model}", weights=weights, normalisation="imagenet")

    halves = of("vit_tiny_patch16_224", "augreg_in21k_ft_in1k")
    assert refusal(network_spec, halves, COLOUR, 3) == (
        "normalisation = imagenet: weights augreg_in21k_ft_in1k of vit_tiny_patch16_224 take "
        "images of another mean and deviation; use normalisation: own, mean: [0.5, 0.5, 0.5], "
        "std: [0.5, 0.5, 0.5]"
    )
    own = replace(halves, normalisation="own", mean=(0.5,) * 3, std=(0.5,) * 3)
    assert network_spec(own, COLOUR, 3).mean == (0.5,) * 3
    for weights in ("tv_in1k", "no_such_tag", "w/own.pth"):
        assert network_spec(of("resnet18", weights), COLOUR, 3).mean == IMAGENET_MEAN
    assert network_spec(of("vit_tiny_patch16_224", "w/own.pth"), COLOUR, 3).mean == IMAGENET_MEAN


def test_grey_images_are_repeated_for_colour_networks(method_settings):
    network = build_network(method_settings(model="resnet18"), GREY, 1)
    output = normalised(network, torch.full((1, 1, 2, 2), 255, dtype=torch.uint8))
    assert output.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(output, np.full((1, 3, 2, 2), (1 - 0.3) / 0.4), rtol=1e-6)


def test_a_mean_of_colours_does_not_fit_grey_images(method_settings, refusal):
    settings = method_settings(normalisation="imagenet")
    message = refusal(build_network, settings, GREY, 1)
    assert message.startswith("model = wrn_10_1: takes images of 1 channels, but mean has 3 values")
    assert "normalisation = dataset" in message


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"std": (0.2, 0.0, 0.2)}, "std = [0.2, 0.0, 0.2]: allowed: above 0 and up to 1"),
        ({"std": (58.4, 57.1, 57.4)}, "std = [58.4, 57.1, 57.4]: allowed: above 0 and up to 1"),
        ({"std": (float("nan"),)}, "std = [nan]: allowed"),
        ({"mean": (123.7, 116.3, 103.5)}, "mean = [123.7, 116.3, 103.5]: allowed: 0 to 1"),
    ],
)
def test_preprocessing_out_of_range_is_one_line(changes, start, spec, refusal):
    assert refusal(spec, **changes).startswith(start)


def resized(pixels, spec, **changes):
    network = Network(nn.Identity(), spec(mean=(0.0,), std=(1 / 255,), channels=1, **changes))
    images = torch.tensor(pixels, dtype=torch.uint8)
    return network(images[None, None])[0, 0]


@pytest.mark.parametrize(
    ("interpolation", "row"),
    [
        # Centres of the four new pixels lie at -0.25, 0.25, 0.75 and 1.25 of the old ones.
        ("bilinear", [0, 25, 75, 100]),
        ("nearest", [0, 0, 100, 100]),
        # Keys' kernel (a = -0.75): 0.26171875 at 0.75, -0.10546875 at 1.25, -0.03515625 at 1.75.
        ("bicubic", [-10.546875, 22.65625, 77.34375, 110.546875]),
    ],
)
def test_images_are_upsampled(interpolation, row, spec):
    found = resized([[0, 100], [0, 100]], spec, input_size=4, interpolation=interpolation)
    np.testing.assert_allclose(found, [row] * 4, atol=1e-4)


def test_images_that_become_smaller_are_smoothed(spec):
    # Half the size: a triangle of 4 pixels, weights 1, 3, 3, 1, cut at the border to 3, 3, 1.
    found = resized([[0, 0, 70, 140]] * 4, spec, input_size=2)
    np.testing.assert_allclose(found, [[10, 90]] * 2, atol=1e-4)


@pytest.mark.parametrize(
    ("model", "head"),
    [
        ("wrn_10_1", {"head.weight", "head.bias"}),
        ("resnet20", {"fc.weight", "fc.bias"}),
        ("squeezenet1_1", {"classifier.1.weight", "classifier.1.bias"}),  # a convolution
        ("mobilenet_v2", {"classifier.1.weight", "classifier.1.bias"}),
    ],
)
def test_the_head_is_what_follows_the_number_of_classes(model, head, spec):
    assert head_names(build(spec(model=model))) == head


@pytest.mark.parametrize("model", ["shufflenet_v2_x0_5", "mnasnet0_5", "squeezenet1_1"])
def test_torchvisions_classifiers_give_as_many_logits_as_asked_for(model, spec):
    network = build(spec(model=model, input_size=64))
    assert network.train()(torch.zeros(2, 3, 8, 8)).shape == (2, 5)


def test_the_same_seed_gives_the_same_weights_with_and_without_a_check(spec):
    states = []
    for look in (False, True):
        torch.manual_seed(3)
        if look:
            head_names(build(spec()))
            torch.manual_seed(3)
        network = build(spec())
        if look:
            head_names(network)
        states.append((network.backbone.state_dict(), torch.rand(1)))
    for name, value in states[0][0].items():
        assert torch.equal(value, states[1][0][name])
    assert states[0][1] == states[1][1]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torchvision = pytest.importorskip("torchvision")
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.manual_seed(1)
    torch.save(torchvision.models.resnet18(num_classes=7).state_dict(), path)
    return path


def test_a_new_head_is_put_on_the_weights_of_a_file(weights, method_settings):
    settings = method_settings(model="resnet18", weights=str(weights))
    found = build_network(settings, COLOUR, 3).backbone.state_dict()
    source = torch.load(weights, weights_only=True)
    assert found.keys() == source.keys()
    for name in source.keys() - {"fc.weight", "fc.bias"}:
        assert torch.equal(found[name], source[name]), name
    assert found["fc.weight"].shape == (5, 512)
    assert found["fc.bias"].shape == (5,)


def test_a_kept_head_needs_as_many_classes(weights, spec, refusal):
    source = torch.load(weights, weights_only=True)
    kept = build(spec(model="resnet18", classes=7), str(weights), keep_head=True)
    assert torch.equal(kept.backbone.fc.weight, source["fc.weight"])
    message = refusal(build, spec(model="resnet18"), str(weights), keep_head=True)
    assert message == f"weights = {weights}: has 7 classes, the dataset has 5"


def test_grey_images_are_repeated_for_weights_of_colour(tmp_path, spec):
    torch.manual_seed(0)
    colour = build(spec(channels=3)).eval()
    torch.save(colour.backbone.state_dict(), tmp_path / "colour.pth")
    grey = build(spec(channels=1), str(tmp_path / "colour.pth"), keep_head=True).eval()
    images = torch.randint(0, 256, (2, 1, 8, 8), dtype=torch.uint8)
    assert torch.equal(grey(images), colour(images.expand(-1, 3, -1, -1)))
    torch.save(build(spec(channels=1)).backbone.state_dict(), tmp_path / "grey.pth")
    build(spec(channels=1), str(tmp_path / "grey.pth"), keep_head=True)


@pytest.mark.parametrize(
    ("model", "weights", "parts"),
    [
        ("resnet18", "IMAGENET1K_V9", ("did you mean 'IMAGENET1K_V1'", "or the path of a file")),
        ("resnet18", "no/such.pth", ("no such file",)),
        ("resnet18", "such.pth", ("no such file",)),
        ("resnet18", "/", ("is a folder",)),
        ("wrn_10_1", "IMAGENET1K_V1", ("wrn_10_1 takes only the path of a file", "or null")),
    ],
)
def test_weights_that_are_not_there_are_one_line(model, weights, parts, spec, refusal):
    message = refusal(build, spec(model=model), weights)
    assert message.startswith(f"weights = {weights}: ")
    for part in parts:
        assert part in message


def test_timms_weights_are_named_by_their_tags(spec, refusal):
    pytest.importorskip("timm")
    message = refusal(build, spec(model="timm:resnet18"), "a1_in2k")
    assert message.startswith(
        "weights = a1_in2k: did you mean 'a1_in1k'? allowed: a1_in1k, a2_in1k"
    )
    tagged = refusal(build, spec(model="timm:resnet18.a1_in1k"))
    assert tagged == "model = timm:resnet18.a1_in1k: use timm:resnet18, and weights: a1_in1k"
    assert "did you mean 'resnet18'" in refusal(build, spec(model="timm:resnet81"))


def test_timm_that_is_not_installed_is_one_line(spec, refusal, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    message = refusal(build, spec(model="timm:resnet18"))
    assert message == (
        "model = timm:resnet18: timm is not installed; pip install timm, or limbeck[timm]"
    )


def test_timms_networks_take_grey_images_and_weights_of_files(tmp_path, spec):
    pytest.importorskip("timm")
    settings = spec(model="timm:resnet18", channels=1, classes=3)
    source = build(settings).eval()
    torch.save({"state_dict": source.backbone.state_dict()}, tmp_path / "timm.pth")
    loaded = build(settings, str(tmp_path / "timm.pth"), keep_head=True).eval()
    images = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    assert torch.equal(loaded(images), source(images))


def test_shared_weights_are_loaded_with_a_new_head_and_with_their_own(spec):
    if not SHARED.is_file():
        pytest.skip(f"{SHARED} is not there")
    state = torch.load(SHARED, weights_only=True)
    settings = spec(model="resnet18", classes=3, input_size=64)
    network = build(settings, str(SHARED))
    assert network.backbone.fc.out_features == 3
    kept = build(spec(model="resnet18", classes=200), str(SHARED), keep_head=True)
    for found in (network, kept):
        for name in ("conv1.weight", "layer4.1.bn2.running_var"):
            torch.testing.assert_close(found.backbone.state_dict()[name], state[name].float())
    torch.testing.assert_close(kept.backbone.fc.bias.detach(), state["fc.bias"].float())
