"""Networks: sizes, named layers, normalisation, weights from files."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from limbeck.networks.network import Network, build_network, load_network, save_network
from limbeck.networks.summary import record_shapes
from limbeck.networks.wide_resnet import WideResNet
from limbeck.runtime.errors import InputError

COLOUR = {"class_names": list("abcde"), "mean": [0.5, 0.4, 0.2], "std": [0.25, 0.5, 0.1]}
GREY = {"class_names": list("0123456789"), "mean": [0.3], "std": [0.4]}


def wide_resnet_parameters(depth, width, classes, channels=3):
    """Count the weights of Zagoruyko & Komodakis' network, convolution by convolution."""
    total = 9 * channels * 16
    inputs = 16
    for group, outputs in enumerate((16 * width, 32 * width, 64 * width)):
        for block in range((depth - 4) // 6):
            total += 2 * inputs + 9 * inputs * outputs  # batch normalisation, 3 x 3
            total += 2 * outputs + 9 * outputs * outputs
            if block == 0 and (group > 0 or inputs != outputs):
                total += inputs * outputs  # 1 x 1 shortcut
            inputs = outputs
    return total + 2 * inputs + (inputs + 1) * classes


def count_parameters(depth, width, classes, channels=3):
    with torch.device("meta"):
        network = WideResNet(depth, width, classes, channels)
    return sum(parameter.numel() for parameter in network.parameters())


def shapes(network, size, channels=3):
    return shapes_of_layers(network, torch.zeros(1, channels, size, size, dtype=torch.uint8))


def shapes_of_layers(network, images):
    """Return shapes by the names of layers, in the order in which they end."""
    with record_shapes(network.eval()) as recorded, torch.no_grad():
        network(images)
    names = {path: name for name, path in network.layers.items()}
    return {names[path]: shape for path, shape in recorded.items() if path in names}


def one_line_error(call):
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("depth", "width", "classes", "channels"),
    [(28, 1, 100, 3), (28, 2, 100, 3), (10, 1, 10, 1), (16, 4, 10, 3), (40, 2, 10, 3)],
)
def test_wide_resnet_has_the_parameters_of_the_formula(depth, width, classes, channels):
    expected = wide_resnet_parameters(depth, width, classes, channels)
    assert count_parameters(depth, width, classes, channels) == expected


def test_the_papers_student_has_0_37_million_parameters():
    # 432 + 4 * 4672 + (14432 + 3 * 18560) + (57536 + 3 * 73984) + 128 + 6500
    count = count_parameters(28, 1, 100)
    assert count == 375_348
    assert 0.37e6 <= count < 0.38e6


def test_wide_resnet_28_10_has_its_published_36_5_million_parameters():
    assert count_parameters(28, 10, 10) == 36_479_194


@pytest.mark.parametrize("model", ["wrn_27_1", "wrn_4_1", "wrn_28_0"])
def test_wide_resnet_of_wrong_depth_or_width_is_an_error(model, method_settings):
    message = one_line_error(lambda: build_network(method_settings(model=model), COLOUR, 3))
    assert model in message
    assert "6n + 4" in message


def test_layers_of_the_student_have_the_papers_shapes(method_settings):
    network = build_network(method_settings(model="wrn_28_1"), COLOUR, 3)
    assert shapes(network, 32) == {
        "A": (16, 32, 32),
        "B": (16, 32, 32),
        "C": (32, 16, 16),
        "D": (64, 8, 8),
        "E": (64, 1, 1),
    }


def test_layers_of_resnet18_at_64_pixels(method_settings):
    network = build_network(method_settings(model="resnet18", input_size=64), COLOUR, 3)
    assert shapes(network, 32) == {
        "A": (64, 16, 16),
        "B": (64, 16, 16),
        "C": (128, 8, 8),
        "D": (256, 4, 4),
        "E": (512, 1, 1),
    }


@pytest.mark.parametrize(
    ("model", "first", "last", "pooled"),
    [("vgg11", 64, 512, 512 * 7 * 7), ("mobilenet_v2", 32, 1280, 1280)],
)
def test_networks_of_one_features_sequence_have_five_layers(
    model, first, last, pooled, method_settings
):
    if model == "vgg11":
        with torch.device("meta"):  # its 129 million weights are not needed
            network = build_network(method_settings(model=model), COLOUR, 3)
        image = torch.zeros(1, 3, 32, 32, device="meta")
    else:
        network = build_network(method_settings(model=model), COLOUR, 3)
        image = torch.zeros(1, 3, 32, 32)
    assert list(network.layers) == list("ABCDE")
    found = shapes_of_layers(network, image)
    assert list(found) == list("ABCDE")  # in the order of the forward pass
    assert found["A"][0] == first
    assert found["D"][0] == last
    assert math.prod(found["E"]) == pooled


@pytest.mark.parametrize("model", ["shufflenet_v2_x0_5", "mnasnet0_5", "regnet_y_400mf"])
def test_other_torchvision_classifiers_get_a_new_head(model, method_settings):
    network = build_network(method_settings(model=model, input_size=64), COLOUR, 3)
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 5)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("model", ["squeezenet1_1", "googlenet"])
def test_classifiers_of_another_kind_give_logits_or_one_clear_line(model, method_settings):
    # The head of the one is a convolution, the other has three heads while it trains.
    try:
        network = build_network(method_settings(model=model, input_size=64), COLOUR, 3)
    except InputError as error:
        assert model in str(error)
        assert "\n" not in str(error)
    else:
        assert network.train()(torch.zeros(2, 3, 8, 8)).shape == (2, 5)


def test_any_module_can_be_a_layer(method_settings):
    settings = method_settings(layers={"F": "group3.0.conv2", "A": "head"})
    network = build_network(settings, GREY, 1)
    assert network.layer("F") is network.backbone.group3[0].conv2
    assert network.layer("A") is network.backbone.head
    assert network.layer("B") is network.backbone.group1


def test_unknown_layer_is_one_clear_line(method_settings):
    network = build_network(method_settings(layers={"F": "group3.0.conv9"}), GREY, 1)
    unknown = one_line_error(lambda: network.layer("G"))
    assert "'G'" in unknown
    assert "A, B, C, D, E, F" in unknown
    misspelt = one_line_error(lambda: network.layer("F"))
    assert "group3.0.conv9" in misspelt
    assert "did you mean 'group3.0.conv" in misspelt


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"model": "resnet81"}, ("model = resnet81", "did you mean 'resnet18'")),
        (
            {"model": "resnet18", "weights": "IMAGENET1K_V9"},
            ("weights = IMAGENET1K_V9", "did you mean 'IMAGENET1K_V1'"),
        ),
        ({"model": "resnet18", "weights": "no/such.pth"}, ("weights = no/such.pth", "no such")),
        ({"weights": "IMAGENET1K_V1"}, ("weights = IMAGENET1K_V1", "wrn_10_1", "null")),
    ],
)
def test_unknown_model_or_weights_is_one_clear_line(changes, parts, method_settings):
    message = one_line_error(lambda: build_network(method_settings(**changes), COLOUR, 3))
    for part in parts:
        assert part in message


@pytest.fixture(scope="module")
def state_dict(tmp_path_factory):
    torchvision = pytest.importorskip("torchvision")
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.manual_seed(1)
    torch.save(torchvision.models.resnet18(num_classes=7).state_dict(), path)
    return path


def test_local_state_dict_fills_all_but_the_head(state_dict, method_settings):
    settings = method_settings(model="resnet18", weights=str(state_dict))
    weights = build_network(settings, COLOUR, 3).backbone.state_dict()
    source = torch.load(state_dict, weights_only=True)
    assert weights.keys() == source.keys()
    for name in source.keys() - {"fc.weight", "fc.bias"}:
        assert torch.equal(weights[name], source[name]), name
    assert weights["fc.weight"].shape == (5, 512)
    assert weights["fc.bias"].shape == (5,)


@pytest.mark.parametrize("damage", ["empty", "text", "truncated", "list", "other network"])
def test_damaged_weights_are_one_clear_line(damage, state_dict, tmp_path, method_settings):
    path = tmp_path / "weights.pth"
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("<html>404</html>")
    elif damage == "truncated":
        path.write_bytes(state_dict.read_bytes()[:1000])
    elif damage == "list":
        torch.save([torch.zeros(3)], path)
    else:
        torch.save(nn.Linear(3, 7).state_dict(), path)
    settings = method_settings(model="resnet18", weights=str(path))
    message = one_line_error(lambda: build_network(settings, COLOUR, 3))
    assert f"weights = {path}: not a state dict of resnet18" in message


def normalised(network, images):
    network.backbone = nn.Identity()
    return network(images)


def test_grey_images_are_normalised():
    network = Network(nn.Identity(), [0.5], [0.25], None, {})
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


def test_grey_images_are_repeated_for_colour_networks(method_settings):
    network = build_network(method_settings(model="resnet18"), GREY, 1)
    output = normalised(network, torch.full((1, 1, 2, 2), 255, dtype=torch.uint8))
    assert output.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(output, np.full((1, 3, 2, 2), (1 - 0.3) / 0.4), rtol=1e-6)


def test_grey_wide_resnets_have_no_imagenet_normalisation(method_settings):
    settings = method_settings(normalisation="imagenet")
    assert "grey" in one_line_error(lambda: build_network(settings, GREY, 1))


def test_images_are_upsampled_bilinearly():
    network = Network(nn.Identity(), [0.0], [1 / 255], 4, {})
    images = torch.tensor([[0, 100], [0, 100]], dtype=torch.uint8).view(1, 1, 2, 2)
    # Centres of the four new pixels lie at -0.25, 0.25, 0.75 and 1.25 of the old ones.
    np.testing.assert_allclose(network(images)[0, 0], [[0, 25, 75, 100]] * 4, atol=1e-4)


def test_saved_network_gives_identical_logits(tmp_path, method_settings):
    settings = method_settings(model="wrn_16_2", input_size=16)
    torch.manual_seed(0)
    network = build_network(settings, COLOUR, 3)
    images = torch.randint(0, 256, (8, 3, 8, 8), dtype=torch.uint8)
    network.train()(images)  # so that the running statistics are not the initial ones
    metadata = {"settings": dataclasses.asdict(settings), "dataset": COLOUR, "channels": 3}
    save_network(tmp_path / "model.pt", network, metadata)
    loaded, content = load_network(tmp_path / "model.pt", torch.device("cpu"))
    assert not loaded.training
    assert torch.equal(loaded(images), network.eval()(images))
    assert not torch.equal(loaded(images), loaded(images.flip(3)))
    assert {key: content[key] for key in metadata} == metadata
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_hash_follows_the_weights(tmp_path, method_settings):
    settings = method_settings()
    network = build_network(settings, GREY, 1)
    metadata = {"settings": dataclasses.asdict(settings), "dataset": GREY, "channels": 1}
    hashes = []
    for change in (0.0, 0.0, 1e-3):
        network.backbone.head.bias.data[3] += change
        save_network(tmp_path / "model.pt", network, metadata)
        hashes.append(load_network(tmp_path / "model.pt", torch.device("cpu"))[1]["hash"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_saved_network_does_not_need_its_first_weights(state_dict, tmp_path, method_settings):
    copy = tmp_path / "first.pth"
    copy.write_bytes(state_dict.read_bytes())
    settings = method_settings(model="resnet18", weights=str(copy))
    network = build_network(settings, GREY, 1).eval()
    metadata = {"settings": dataclasses.asdict(settings), "dataset": GREY, "channels": 1}
    save_network(tmp_path / "model.pt", network, metadata)
    copy.unlink()
    loaded, _ = load_network(tmp_path / "model.pt", torch.device("cpu"))
    images = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    assert torch.equal(loaded(images), network(images))


def test_block_is_the_pre_activation_block(method_settings):
    torch.manual_seed(0)
    network = build_network(method_settings(), GREY, 1).eval()
    block = network.backbone.group2[0]
    x = torch.randn(2, 16, 8, 8)
    with torch.no_grad():
        # Without statistics, batch normalisation in evaluation mode divides by sqrt(1 + 1e-5).
        scale = (1 + 1e-5) ** -0.5
        activated = (x * scale).clamp(min=0)
        inner = F.conv2d(activated, block.conv1.weight, stride=2, padding=1)
        residual = F.conv2d((inner * scale).clamp(min=0), block.conv2.weight, padding=1)
        shortcut = F.conv2d(activated, block.shortcut.weight, stride=2)
        torch.testing.assert_close(block(x), shortcut + residual)


def test_shared_weights_are_loaded_but_for_the_head(method_settings):
    path = Path(__file__).parents[2] / "data/weights/resnet18_tiny_imagenet.pth"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    state = torch.load(path, weights_only=True)
    settings = method_settings(
        model="resnet18", weights=str(path), input_size=64, normalisation="imagenet"
    )
    dataset = {"class_names": list("abc"), "mean": [0.5] * 3, "std": [0.2] * 3}
    network = build_network(settings, dataset, 3)
    assert network.backbone.fc.out_features == 3
    for name in ("conv1.weight", "layer4.1.bn2.running_var"):
        torch.testing.assert_close(network.backbone.state_dict()[name], state[name].float())
