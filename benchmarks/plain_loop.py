"""Training and distillation as a plain PyTorch loop does them, to be compared with."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from torchvision import transforms
from training_steps import QUEUED, Pictures, endless, sgd

from limbeck.networks.network import Network
from limbeck.study.method_settings import MethodSettings

IMAGES, CLASSES, SIZE = 2500, 100, 32
ATTRIBUTES = {
    "class_names": [""] * CLASSES,
    "mean": [0.507, 0.487, 0.441],
    "std": [0.267, 0.256, 0.276],
}


def read_images() -> tuple[np.ndarray, np.ndarray]:
    """Return images (IMAGES, SIZE, SIZE, 3) and labels (IMAGES,), as many of each class."""
    folder = Path(__file__).parents[1] / "data/cifar100/train"
    labels = np.arange(IMAGES) % CLASSES
    if not folder.is_dir():
        return np.random.default_rng(0).integers(0, 256, (IMAGES, SIZE, SIZE, 3), np.uint8), labels
    classes = [sorted(path.iterdir()) for path in sorted(folder.iterdir())]
    files = [classes[label][row // CLASSES] for row, label in enumerate(labels)]
    return np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files]), labels


class Plain:
    """Steps of a plain loop; workers prepare images as long as it is entered."""

    warm_up = QUEUED

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        settings: MethodSettings,
        network: Network,
        device: torch.device,
        teacher: Network | None = None,
    ):
        self.settings, self.device = settings, device
        self.network = network.backbone.to(memory_format=torch.contiguous_format).train()
        self.teacher = teacher and teacher.to(memory_format=torch.contiguous_format).eval()
        self.optimiser = sgd(self.network.parameters(), settings, fused=False)
        parts = [transforms.RandomHorizontalFlip(), transforms.ToTensor()]
        parts.append(transforms.Normalize(ATTRIBUTES["mean"], ATTRIBUTES["std"]))
        self.pictures = Pictures(images, labels, [transforms.Compose(parts)])
        self.losses, self.accuracies = [], []

    def __enter__(self) -> "Plain":
        # As those repositories do: the quickest kernels, not the same bits.
        torch.backends.cudnn.benchmark = True
        self.loader = endless(self.pictures, self.settings.batch_size, self.device)
        return self

    def __exit__(self, *_) -> None:
        self.loader.close()

    def step(self) -> None:
        """Take a step."""
        images, labels = (part.to(self.device) for part in next(self.loader))
        logits = self.network(images)
        if self.teacher is None:
            loss = F.cross_entropy(logits, labels)
        else:
            with torch.no_grad():
                side = self.teacher.spec.input_size
                upsampled = F.interpolate(images, size=side, mode="bilinear", align_corners=False)
                target = self.teacher.backbone(upsampled)
            t = self.settings.options["temperature"]
            student, target = F.log_softmax(logits / t, 1), F.softmax(target / t, 1)
            loss = F.kl_div(student, target, reduction="sum") * t**2 / len(images)
        self.accuracies.append((logits.argmax(1) == labels).float().mean().item())
        self.losses.append(loss.item())
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
