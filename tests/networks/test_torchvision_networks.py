"""Torchvision's networks, where they are not as torchvision builds them."""

import pytest
import torch
from torch import nn

from limbeck.networks import network
from limbeck.networks.torchvision_networks import AveragePooling, build


@pytest.mark.parametrize(
    ("height", "width", "output"),
    [(7, 7, (7, 7)), (1, 1, (7, 7)), (2, 3, (7, 7)), (13, 9, (7, 7)), (14, 31, (6, 6))],
)
def test_pooling_by_products_is_torchs(height, width, output):
    values = torch.randn(2, 3, height, width, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, 3, *output, dtype=torch.float64)
    found = []
    for pooling in (nn.AdaptiveAvgPool2d(output), AveragePooling(output)):
        pooled = pooling(values)
        found.append((pooled, *torch.autograd.grad(pooled, values, weights)))
    for expected, actual in zip(*found, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-12)


def test_pooling_in_bfloat16_rounds_three_times():
    values = torch.rand(8, 4, 21, 21)
    with torch.autocast("cpu", torch.bfloat16):
        pooled = AveragePooling((7, 7))(values)
    exact = nn.AdaptiveAvgPool2d((7, 7))(values.bfloat16().float())
    assert pooled.dtype == torch.bfloat16
    torch.testing.assert_close(pooled.float(), exact, rtol=3 * 2**-8, atol=0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("vgg11", AveragePooling), ("alexnet", AveragePooling), ("resnet18", nn.AdaptiveAvgPool2d)],
)
def test_only_pooling_to_several_pixels_is_replaced(name, kind):
    with torch.device("meta"):
        assert type(build(name, 5, 3).avgpool) is kind


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"PK\x03\x04 cut off"])
def test_a_damaged_file_in_the_cache_is_one_line(content, spec, refusal, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    message = refusal(network.build, spec(model="resnet18"), "IMAGENET1K_V1")
    assert message == (
        f"weights = IMAGENET1K_V1: {file} is damaged; delete it, and it is downloaded again"
    )


def test_a_download_of_another_hash_is_one_line(spec, refusal, tmp_path, monkeypatch):
    def download(url, file, *arguments, **options):
        raise RuntimeError('invalid hash value (expected "f37072fd", got "00")')

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    message = refusal(network.build, spec(model="resnet18"), "IMAGENET1K_V1")
    assert message.startswith("weights = IMAGENET1K_V1: the download failed (invalid hash value ")
