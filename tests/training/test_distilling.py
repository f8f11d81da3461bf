"""On which images teachers are heard, what is added up, and what is refused."""

import copy

import pytest
import torch
from torch.nn import functional as F

from limbeck.networks.network import build_network
from limbeck.training.objectives import build_objective
from limbeck.training.objectives.base import TrainingData
from limbeck.training.teacher import CachedTeacher, LiveTeacher

ATTRIBUTES = {"class_names": ["a", "b", "c"], "mean": [0.5] * 3, "std": [0.25] * 3}
LABELLED = [0, 3, 4, 8]
UNLABELLED = [1, 2, 5, 6, 7, 9, 10]


@pytest.fixture
def network_of(method_settings):
    """Return a function that builds a tiny network from a seed."""

    def build(seed, **changes):
        torch.manual_seed(seed)
        return build_network(method_settings(**changes), ATTRIBUTES, 3)

    return build


@pytest.fixture
def data_with():
    """Return a function that gives images whose first channel is their row, and a teacher."""

    def build(teacher, labelled=LABELLED):
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, (11, 3, 8, 8), generator=generator, dtype=torch.uint8)
        images[:, 0] = torch.arange(11, dtype=torch.uint8).view(-1, 1, 1)
        others = [row for row in range(11) if row not in labelled]
        labels = torch.full((11,), 999)  # reading the label of an unlabelled image would fail
        labels[labelled] = torch.tensor(labelled) % 3
        rows = (torch.tensor(part, dtype=torch.long) for part in (labelled, others))
        return TrainingData(images, labels, *rows, teacher)

    return build


def cached_logits(count=1, rows=None):
    generator = torch.Generator().manual_seed(3)
    rows = torch.arange(11) if rows is None else torch.tensor(rows)
    logits = [3 * torch.randn(len(rows), 2, 3, generator=generator) for _ in range(count)]
    return CachedTeacher(rows, 11, logits), logits


def steps_of(objective, network):
    """Take the steps of an epoch; return their results, the images seen and the gradients."""
    taken = []
    for step in objective.epoch(0):
        seen = []
        hook = network.register_forward_pre_hook(lambda _, given, to=seen: to.append(given[0]))
        network.zero_grad()
        result = step(network)
        result.loss.backward()
        hook.remove()
        (images,) = seen
        gradients = {name: value.grad for name, value in network.named_parameters()}
        taken.append((result, images, copy.copy(gradients)))
    return taken


def rows_of(images):
    return images[:, 0, 4, 4].tolist()


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        # How many images with labels and without; a single one left over joins the batch before.
        ("unlabelled", [(4, 0), (0, 3), (0, 4)]),
        ("labelled", [(4, 0)]),
        ("all", [(3, 3), (3, 4)]),
    ],
)
def test_an_epoch_passes_over_the_images_that_the_options_name(
    images, expected, data_with, network_of, method_settings
):
    teacher, (logits,) = cached_logits()
    options = {"images": images, "weight": 0.7, "label_weight": 0.3, "temperature": 2.0}
    settings = method_settings(objective="distillation", batch_size=3, options=options)
    network = network_of(1).train()
    objective = build_objective(data_with(teacher), settings, network)
    assert objective.steps_per_epoch() == len(expected)
    reference = copy.deepcopy(network)
    taken = steps_of(objective, network)
    labelled, unlabelled = [], []
    for (result, seen, _), (first, others) in zip(taken, expected, strict=True):
        rows = [int(row) for row in rows_of(seen)]
        labelled += rows[:first]
        unlabelled += rows[first:]
        assert len(rows) == first + others
        said, loss = reference(seen), 0.0
        if first:
            loss = 0.3 * F.cross_entropy(said[:first], torch.tensor(rows[:first]) % 3)
        if not first or images != "unlabelled":
            p = (logits[rows, 0] / 2).softmax(1)
            loss = loss + 0.7 * 4 * (p * (p.log() - (said / 2).log_softmax(1))).sum(1).mean()
        assert result.loss.item() == pytest.approx(loss.item(), rel=1e-4)
        assert (result.images, result.labelled) == (len(rows), first)
    assert set(labelled) == set(LABELLED)
    assert sorted(unlabelled) == ([] if images == "labelled" else UNLABELLED)


@pytest.mark.parametrize("augmentation", ["flip", "none"])
def test_cached_logits_are_of_the_view_that_the_student_sees(
    augmentation, data_with, network_of, method_settings
):
    teacher, (logits,) = cached_logits()
    settings = method_settings(objective="teacher_labels", augmentation=augmentation, batch_size=3)
    data, network = data_with(teacher), network_of(1).train()
    objective = build_objective(data, settings, network)
    mirrored = set()
    torch.manual_seed(0)
    for _ in range(5):
        reference = copy.deepcopy(network)
        for number, (result, seen, _) in enumerate(steps_of(objective, network)):
            said = reference(seen)
            if not number:
                continue
            rows = [int(row) for row in rows_of(seen)]
            flips = [
                int(not torch.equal(image, data.images[row]))
                for row, image in zip(rows, seen, strict=True)
            ]
            mirrored |= set(flips)
            classes = logits[rows, flips].argmax(1)
            assert result.loss.item() == pytest.approx(F.cross_entropy(said, classes).item(), 1e-4)
    assert mirrored == ({0, 1} if augmentation == "flip" else {0})


def plain_attention(maps, size):
    maps = F.adaptive_avg_pool2d(maps, size)
    return F.normalize(maps.pow(2).mean(1).flatten(1))


def test_a_step_is_that_of_repdistiller(data_with, network_of, method_settings):
    """γ CE + α KD + β AT of the same crops, all training images labelled, written out."""
    options = {
        **{"images": "all", "label_weight": 0.5, "temperature": 4.0, "kd_weight": 0.9},
        **{"weight": 1000.0, "layers": {"B": "B", "group3": "D"}},
    }
    settings = method_settings(
        objective="attention_transfer",
        options=options,
        **{"augmentation": "crop_flip", "crop_padding": 2, "batch_size": 6},
    )
    teacher = network_of(2, model="wrn_10_2", input_size=16).train()
    teacher(torch.randint(0, 256, (16, 3, 8, 8), dtype=torch.uint8))
    data = data_with(LiveTeacher([teacher], ["float32"]), list(range(11)))
    network = network_of(1).train()
    objective = build_objective(data, settings, network)
    reference = copy.deepcopy(network)
    assert objective.steps_per_epoch() == 2
    for result, seen, gradients in steps_of(objective, network):
        features = []
        for each in (reference, teacher):
            x, kept = each.prepare(seen), []
            for module in list(each.backbone.children())[:4]:
                x = module(x)
                kept.append(x)
            features.append(
                (kept[1], kept[3], each.backbone.head(F.relu(each.backbone.norm(x)).mean((2, 3))))
            )
        (sb, sd, logits), (tb, td, said) = features
        p = (said.detach() / 4).softmax(1)
        kd = 16 * (p * (p.log() - (logits / 4).log_softmax(1))).sum(1).mean()
        at = sum(
            (plain_attention(s, size) - plain_attention(t.detach(), size)).pow(2).mean()
            for s, t, size in ((sb, tb, 8), (sd, td, 2))
        )
        labels = torch.tensor(rows_of(seen)).long() % 3
        loss = 0.5 * F.cross_entropy(logits, labels) + 0.9 * kd + 1000 * at
        reference.zero_grad()
        loss.backward()
        assert result.loss.item() == pytest.approx(loss.item(), rel=1e-4)
        assert int(result.correct) == int((logits.argmax(1) == labels).sum())
        for name, value in reference.named_parameters():
            torch.testing.assert_close(gradients[name], value.grad, rtol=1e-3, atol=1e-4, msg=name)


def test_several_teachers_are_heard_together(data_with, network_of, method_settings):
    teacher, logits = cached_logits(count=3)
    options = {"images": "labelled", "temperature": 3.0, "teacher": ["a", "b", "c"]}
    settings = method_settings(objective="distillation", options=options)
    network = network_of(1).train()
    ((result, seen, _),) = steps_of(build_objective(data_with(teacher), settings, network), network)
    said, rows = network_of(1).train()(seen), [int(row) for row in rows_of(seen)]
    p = torch.stack([(each[rows, 0] / 3).softmax(1) for each in logits]).mean(0)
    kd = 9 * (p * (p.log() - (said / 3).log_softmax(1))).sum(1).mean()
    loss = F.cross_entropy(said, torch.tensor(rows) % 3) + kd
    assert result.loss.item() == pytest.approx(loss.item(), rel=1e-4)


@pytest.mark.parametrize("objective", ["distillation", "dkd", "dist"])
def test_standardised_logits_may_be_scaled_and_shifted(
    objective, data_with, network_of, method_settings
):
    losses = []
    for scale, shift in ((1.0, 0.0), (7.0, -3.0)):
        teacher, (logits,) = cached_logits()
        scaled = CachedTeacher(torch.arange(11), 11, [scale * logits + shift])
        options = {"standardise": True, "images": "labelled"}
        settings = method_settings(objective=objective, options=options)
        network = network_of(1).train()
        built = build_objective(data_with(scaled), settings, network)
        ((result, _, _),) = steps_of(built, network)
        losses.append(result.loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_weight_of_dkd_rises_with_the_epochs(data_with, network_of, method_settings):
    teacher, _ = cached_logits()
    options = {"warm_up": 4, "images": "unlabelled"}
    settings = method_settings(objective="dkd", options=options, batch_size=7)
    losses = []
    for epoch in range(6):
        network = network_of(1).train()
        objective = build_objective(data_with(teacher), settings, network)
        _, distil = objective.epoch(epoch)
        losses.append(distil(network).loss.item())
    ratios = [loss / losses[-1] for loss in losses]
    assert ratios == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0], rel=1e-4)


def test_contrast_draws_negatives_of_other_classes(data_with, network_of, method_settings):
    live = LiveTeacher([network_of(2)], ["float32"])
    for images in ("labelled", "all", "unlabelled"):
        options = {"negatives": 50, "images": images}
        settings = method_settings(objective="crd", options=options)
        objective = build_objective(data_with(live), settings, network_of(1))
        heard = objective.heard()
        place_of = {int(objective._places[row]): int(row) for row in heard}
        assert sorted(place_of) == list(range(len(heard)))
        torch.manual_seed(0)
        drawn = objective._negatives(objective._places[heard])
        assert drawn.shape == (len(heard), len(heard) - 1)
        for _ in range(20):
            drawn = torch.cat([drawn, objective._negatives(objective._places[heard])], 1)
        for row, places in zip(heard.tolist(), drawn.tolist(), strict=True):
            same = [other for other in LABELLED if other % 3 == row % 3 and row in LABELLED]
            expected = set(heard.tolist()) - {row} - set(same)
            assert {place_of[place] for place in places} == expected


# Errors


def test_no_unlabelled_image_is_an_error(data_with, network_of, method_settings, refusal):
    teacher, _ = cached_logits()
    data, settings = data_with(teacher, list(range(11))), method_settings(objective="distillation")
    message = refusal(build_objective, data, settings, network_of(1))
    assert message.startswith("images = unlabelled: all 11 training images are labelled")
    for images in ("labelled", "all"):
        settings = method_settings(objective="distillation", options={"images": images})
        assert build_objective(data, settings, network_of(1)).steps_per_epoch() == 1


@pytest.mark.parametrize("images", ["labelled", "all"])
def test_logits_of_the_unlabelled_only_are_an_error(
    images, data_with, network_of, method_settings, refusal
):
    teacher, _ = cached_logits(rows=UNLABELLED)
    settings = method_settings(objective="distillation", options={"images": images})
    message = refusal(build_objective, data_with(teacher), settings, network_of(1))
    assert message.startswith(f"images = {images}: the teacher's logits are not of all")
    settings = method_settings(objective="distillation")
    build_objective(data_with(teacher), settings, network_of(1))


@pytest.mark.parametrize(
    ("objective", "layers", "expected"),
    [
        (
            *("attention_transfer", {"D": "E"}),
            "layer E of the teacher is 64 x 1 x 1; attention_transfer compares maps",
        ),
        ("vid", {"head": "D"}, "layer head of the student is 3; vid compares maps"),
        ("pkt", {"E": "layer4"}, "layers = {'E': 'layer4'}: teacher: layer layer4 = layer4: "),
        ("relational", {"G": "E"}, "layers = {'G': 'E'}: student: layer G = G: "),
    ],
)
def test_layers_that_cannot_be_compared_are_an_error(
    objective, layers, expected, data_with, network_of, method_settings, refusal
):
    live = LiveTeacher([network_of(2)], ["float32"])
    settings = method_settings(objective=objective, options={"layers": layers})
    message = refusal(build_objective, data_with(live), settings, network_of(1))
    assert expected in message


def test_layers_with_the_channels_last_are_an_error(
    data_with, network_of, method_settings, refusal
):
    live = LiveTeacher([network_of(2, model="swin_t", input_size=32)], ["float32"])
    settings = method_settings(objective="vid", options={"layers": {"C": "B"}})
    message = refusal(build_objective, data_with(live), settings, network_of(1))
    # B is the third of eight parts: the 8 x 8 patches of 4 pixels, of 96 channels, are merged.
    assert message == (
        "layers = {'C': 'B'}: layer B of the teacher is 4 x 4 x 192, channels last; vid compares "
        "maps (C, H, W)"
    )


def test_a_second_teacher_of_layers_is_an_error(data_with, network_of, method_settings, refusal):
    live = LiveTeacher([network_of(2), network_of(3)], ["float32"] * 2)
    settings = method_settings(objective="pkt")
    message = refusal(build_objective, data_with(live), settings, network_of(1))
    assert message == "objective pkt: needs one teacher's network"
