"""A trained network, and what it says of the test images, module after module."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from limbeck.networks.model_file import load_network


def direct_pass(model, images):
    """Compute a wide residual network's layers and logits, module after module."""
    network, _ = load_network(model, torch.device("cpu"))
    backbone = network.backbone
    levels = torch.from_numpy(images.transpose(0, 3, 1, 2) / np.float32(255))
    outputs = {}
    with torch.no_grad():
        x = (levels - network.mean / 255) / (network.std / 255)
        for name, module in zip(
            "ABCD", (backbone.conv1, backbone.group1, backbone.group2, backbone.group3), strict=True
        ):
            outputs[name] = x = module(x)
        outputs["E"] = F.relu(backbone.norm(x)).mean((2, 3))
        outputs["logits"] = outputs["E"] @ backbone.head.weight.T + backbone.head.bias
    return {name: output.flatten(1).numpy() for name, output in outputs.items()}


@pytest.fixture(scope="session")
def model(trained):
    return trained / "model.pt"


@pytest.fixture(scope="session")
def direct(model, samples):
    return direct_pass(model, samples.images)
