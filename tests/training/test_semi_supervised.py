"""Semi-supervised objectives: steps against plain loops, samplers, averages."""

import copy

import pytest
import torch
from torch import nn

from limbeck.networks.network import build_network
from limbeck.runtime.devices import computing
from limbeck.runtime.errors import InputError
from limbeck.training.objectives import build_objective, fixmatch, mixmatch
from limbeck.training.objectives.base import TrainingData, endless_batches

METHODS = ("pi_model", "pseudo_label", "mean_teacher", "mixmatch", "fixmatch")
CLASSES = 3
LABELLED = [3 * row for row in range(9)]
UNLABELLED = [row for row in range(40) if row not in LABELLED]


def keys_of(objective, **changes):
    """Return settings of a method; crops keep the first value of the images of these tests."""
    options = {"unlabelled_ratio": 2, "unlabelled_weight": 3.0}
    if objective in ("pseudo_label", "fixmatch"):
        options["threshold"] = 0.4
    keys = {
        "objective": objective,
        "batch_size": 4,
        "augmentation": "crop",
        "crop_padding": 2,
        "ema_decay": changes.pop("ema_decay", 0.9 if objective == "mean_teacher" else None),
    }
    return keys | {"options": options | changes}


@pytest.fixture
def settings_of(method_settings):
    return lambda objective, **changes: method_settings(**keys_of(objective, **changes))


@pytest.fixture
def data():
    """Return 40 images whose first channel is their row all over; the others are random."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 3, 8, 8), generator=generator, dtype=torch.uint8)
    images[:, 0] = torch.arange(40, dtype=torch.uint8).view(-1, 1, 1)
    labels = torch.full((40,), 999)  # reading the label of an unlabelled image would fail
    labels[LABELLED] = torch.arange(9) % CLASSES
    return TrainingData(images, labels, torch.tensor(LABELLED), torch.tensor(UNLABELLED))


@pytest.fixture
def network(method_settings):
    torch.manual_seed(1)
    attributes = {"class_names": ["a", "b", "c"], "mean": [0.5] * 3, "std": [0.25] * 3}
    return build_network(method_settings(), attributes, 3).train()


def recorded(network):
    """Keep copies of what the network is given."""
    seen = []
    network.register_forward_pre_hook(lambda module, given: seen.append(given[0].clone()))
    return seen


def rows_of(images):
    return images[:, 0, 0, 0].long().tolist()


# Steps against plain loops


def probabilities(logits):
    """Return softmax written out, a list of images of lists of scalars that keep gradients."""
    result = []
    for row in logits:
        powers = [value.exp() for value in row]
        result.append([power / sum(powers) for power in powers])
    return result


def cross_entropy(logits, labels):
    rows = probabilities(logits)
    return -sum(row[label].log() for row, label in zip(rows, labels, strict=True)) / len(rows)


def squared_difference(first, second):
    total = sum(
        (a - b) ** 2 for p, q in zip(first, second, strict=True) for a, b in zip(p, q, strict=True)
    )
    return total / (len(first) * CLASSES)


def confident_cross_entropy(logits, judged, threshold):
    total = 0.0
    for row, judge in zip(probabilities(logits), probabilities(judged), strict=True):
        values = [value.item() for value in judge]
        if max(values) >= threshold:
            total = total - row[values.index(max(values))].log()
    return total / len(logits)


def plain_loss(objective, network, teacher, seen, labels, weight):
    """Compute a method's loss from the images that the networks were given, in plain loops."""
    images = seen[-1]
    logits = network(images)
    known = cross_entropy(logits[:4], labels)
    match objective:
        case "pi_model":
            views = probabilities(logits)
            return known + weight * squared_difference(views[:12], views[12:])
        case "mean_teacher":
            targets = [[value.item() for value in row] for row in probabilities(teacher)]
            return known + weight * squared_difference(probabilities(logits), targets)
        case "pseudo_label":
            return known + weight * confident_cross_entropy(logits[4:], logits[4:], 0.4)
        case "fixmatch":
            return known + weight * confident_cross_entropy(logits[12:], logits[4:12], 0.4)


@pytest.mark.parametrize("objective", ["pi_model", "pseudo_label", "mean_teacher", "fixmatch"])
def test_a_step_is_that_of_plain_loops(objective, data, network, settings_of, monkeypatch):
    torch.manual_seed(2)
    augmented = []

    def strong_view(images, *_):
        augmented.append(images)
        return 255 - images

    monkeypatch.setattr(fixmatch, "strong_view", strong_view)
    built = build_objective(data, settings_of(objective), network)
    reference = copy.deepcopy(network)
    seen, judged = recorded(network), []
    if built.average is not None:
        # A teacher of its own: the average of weights that are not the student's any more.
        for parameter in built.average.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
        for name, buffer in built.average.named_buffers():
            if name.endswith("running_mean"):
                buffer.fill_(100.0)
        normalised_by_its_views = copy.deepcopy(built.average).train()
        built.average.eval()
        built.average.register_forward_hook(lambda *given: judged.append((given[1][0], given[2])))
    step = next(iter(built.epoch(0)))
    result = step(network)
    result.loss.backward()

    (images,) = seen
    rows = rows_of(images)[:12]
    assert set(rows[:4]) <= set(LABELLED) and len(set(rows[:4])) == 4
    assert set(rows[4:]) <= set(UNLABELLED) and len(set(rows[4:])) == 8
    assert (result.images, result.labelled) == (12, 4)
    if objective == "pi_model":
        assert rows_of(images)[12:] == rows
        assert not torch.equal(images[:12], images[12:])  # two views
    if objective == "fixmatch":
        assert [255 - row for row in rows_of(images)[12:]] == rows[4:]
        (weak,) = augmented
        assert torch.equal(images[12:], 255 - weak)
        assert not torch.equal(weak, data.images[rows[4:]])  # a weak view
    if objective == "mean_teacher":
        assert rows_of(judged[0][0]) == rows
        assert not torch.equal(judged[0][0], images)  # a view of its own
        with torch.no_grad():
            torch.testing.assert_close(normalised_by_its_views(judged[0][0]), judged[0][1])
    labels = data.labels[rows[:4]].tolist()
    teacher = judged[0][1] if judged else None
    loss = plain_loss(objective, reference, teacher, seen, labels, 3.0)
    loss.backward()
    assert result.loss.item() == pytest.approx(loss.item(), rel=1e-5)
    assert loss.item() > cross_entropy(reference(images)[:4], labels).item() + 1e-4
    for (name, found), expected in zip(
        network.named_parameters(), reference.parameters(), strict=True
    ):
        torch.testing.assert_close(found.grad, expected.grad, rtol=1e-3, atol=1e-6, msg=name)
    assert int(result.correct) == sum(
        row.tolist().index(max(row.tolist())) == label
        for row, label in zip(reference(images)[:4], labels, strict=True)
    )


def test_a_mixmatch_step_is_that_of_plain_loops(data, network, settings_of, monkeypatch):
    torch.manual_seed(2)
    shares = 0.5 + 0.5 * torch.rand(20)
    partners = torch.randperm(20)
    monkeypatch.setattr(mixmatch, "draw_mixture", lambda count, alpha: (shares, partners))
    built = build_objective(data, settings_of("mixmatch"), network)
    reference, seen = copy.deepcopy(network), recorded(network)
    result = next(iter(built.epoch(0)))(network)
    result.loss.backward()

    views, mixed = seen
    assert rows_of(views)[:8] == rows_of(views)[8:]
    assert not torch.equal(views[:8], views[8:])
    guesses = [[value.item() for value in row] for row in probabilities(reference(views))]
    labels = data.labels[[row for row in LABELLED]].tolist()
    targets = []
    for first, second in zip(guesses[:8], guesses[8:], strict=True):
        squares = [((a + b) / 2) ** 2 for a, b in zip(first, second, strict=True)]
        targets.append([square / sum(squares) for square in squares])
    # The labelled images are recovered from the mixtures: mixed = s x + (1 - s) x[partner].
    system = torch.diag(shares)
    for image, partner in enumerate(partners.tolist()):
        system[image, partner] += 1 - shares[image]
    pure = torch.linalg.solve(system.double(), mixed.double().flatten(1)).view_as(mixed)
    torch.testing.assert_close(pure[4:], views.double(), rtol=0, atol=0.05)
    rows = pure[:4, 0, 0, 0].round().long().tolist()
    assert set(rows) <= set(LABELLED)
    labels = data.labels[rows].tolist()
    targets = [[float(label == c) for c in range(CLASSES)] for label in labels] + targets * 2

    predicted = probabilities(reference(mixed))
    known = others = 0.0
    for image, (row, share, partner) in enumerate(
        zip(predicted, shares.tolist(), partners.tolist(), strict=True)
    ):
        for c in range(CLASSES):
            target = share * targets[image][c] + (1 - share) * targets[partner][c]
            if image < 4:
                known = known - target * row[c].log()
            else:
                others = others + (row[c] - target) ** 2
    loss = known / 4 + 3.0 * others / (16 * CLASSES)
    loss.backward()
    assert result.loss.item() == pytest.approx(loss.item(), rel=1e-4)
    for (name, found), expected in zip(
        network.named_parameters(), reference.parameters(), strict=True
    ):
        torch.testing.assert_close(found.grad, expected.grad, rtol=1e-3, atol=1e-5, msg=name)
    assert (result.images, result.labelled) == (12, 4)


def gradients(objective, data, network, settings, weight):
    torch.manual_seed(4)
    network = copy.deepcopy(network)
    built = build_objective(data, settings(objective, unlabelled_weight=weight), network)
    for _, step in zip(range(1), built.epoch(0), strict=False):
        with computing("bfloat16", torch.device("cpu")):
            loss = step(network).loss
        loss.backward()
    teacher = [] if built.average is None else list(built.average.parameters())
    assert all(parameter.grad is None for parameter in teacher)
    return torch.cat([parameter.grad.flatten() for parameter in network.parameters()])


@pytest.mark.parametrize("objective", METHODS)
def test_the_unlabelled_loss_has_a_gradient(objective, data, network, settings_of):
    alone = gradients(objective, data, network, settings_of, 0.0)
    both = gradients(objective, data, network, settings_of, 100.0)
    assert alone.norm() > 0
    # The weight multiplies a gradient that is there; in bfloat16 too, where passes without
    # gradients must not leave their cast weights to those with them.
    assert (both - alone).norm() > 0.1 * alone.norm()


# Averages of weights


@pytest.mark.parametrize("objective", METHODS)
def test_the_average_by_hand(objective, data, network, settings_of):
    settings = settings_of(objective, ema_decay=0.75)
    built = build_objective(data, settings, network)
    assert built.result(network) is built.average.module
    expected = None
    for _ in range(3):
        with torch.no_grad():
            for tensor in [*network.parameters(), *network.buffers()]:
                if tensor.is_floating_point():
                    tensor += torch.randn_like(tensor)
        built.after_step(network)
        now = [p.clone() for p in network.parameters()]
        if expected is None:
            expected = now  # the first weights are copied
        else:
            expected = [0.75 * a + 0.25 * b for a, b in zip(expected, now, strict=True)]
    for found, value in zip(built.result(network).parameters(), expected, strict=True):
        torch.testing.assert_close(found, value, rtol=1e-5, atol=1e-5)


def test_statistics_of_batch_norm_are_averaged_too(data, network, settings_of):
    built = build_objective(data, settings_of("fixmatch", ema_decay=0.75), network)
    norm, kept = network.backbone.norm, built.result(network).backbone.norm
    norm.running_mean.fill_(4.0)
    built.after_step(network)
    norm.running_mean.fill_(8.0)
    built.after_step(network)
    torch.testing.assert_close(kept.running_mean, torch.full_like(kept.running_mean, 5.0))


def test_buffers_of_whole_numbers_are_not_averaged(data, network, settings_of):
    order = torch.arange(31, -1, -1)
    network.register_buffer("order", order.clone())
    built = build_objective(data, settings_of("fixmatch", ema_decay=0.9), network)
    for _ in range(3):
        built.after_step(network)
    assert torch.equal(built.result(network).order, order)


def test_without_a_decay_the_last_weights_are_kept(data, network, settings_of):
    built = build_objective(data, settings_of("pi_model"), network)
    built.after_step(network)
    assert built.result(network) is network
    assert built.state_dict() == {"own": {}, "average": None}


# Samplers


class Watcher(nn.Module):
    """Gives even logits and keeps the rows of the images that it was given."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(CLASSES))
        self.rows = []

    def forward(self, images):
        self.rows.append(rows_of(images))
        return self.weight.expand(len(images), CLASSES)


def test_an_epoch_is_a_pass_over_the_unlabelled_images(data, settings_of):
    torch.manual_seed(0)
    watcher = Watcher()
    built = build_objective(data, settings_of("pseudo_label"), watcher)
    assert built.steps_per_epoch() == 3  # 31 unlabelled images, 8 a step
    left_out = set()
    for number in range(50):
        watcher.rows.clear()
        results = [step(watcher) for step in built.epoch(number)]
        assert [result.images for result in results] == [12] * 3
        assert [len(rows) for rows in watcher.rows] == [12] * 3
        labelled = [row for rows in watcher.rows for row in rows[:4]]
        unlabelled = [row for rows in watcher.rows for row in rows[4:]]
        assert len(set(unlabelled)) == 24 and set(unlabelled) <= set(UNLABELLED)
        # 12 places for 9 labelled images: each once, three of them twice.
        assert set(labelled) == set(LABELLED)
        assert len(set(labelled[:9])) == 9
        left_out |= set(UNLABELLED) - set(unlabelled)
    assert left_out == set(UNLABELLED)


def test_batches_without_end_hold_few_rows_several_times():
    torch.manual_seed(0)
    batches = endless_batches(torch.tensor([5, 6, 7]), 8)
    for _ in range(3):
        batch = next(batches).tolist()
        assert len(batch) == 8
    rows = [row for _ in range(3) for row in next(endless_batches(torch.tensor([5, 6]), 8))]
    assert [rows.count(5), rows.count(6)] == [12, 12]


def test_the_weight_follows_the_step_over_epochs(data, settings_of, monkeypatch):
    ramp = {"ramp_up": "linear", "ramp_up_steps": (1, 5), "unlabelled_weight": 4.0}
    built = build_objective(data, settings_of("pseudo_label", **ramp), Watcher())
    weights = []
    monkeypatch.setattr(
        built, "_step", lambda network, labelled, unlabelled, weight: weights.append(weight)
    )
    for number in range(2):
        for step in built.epoch(number):
            step(None)
    assert weights == [0, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("objective", METHODS)
def test_too_few_unlabelled_images_are_an_error(objective, data, network, settings_of):
    build_objective(data, settings_of(objective, unlabelled_ratio=7), network)  # 28 of 31
    with pytest.raises(InputError) as caught:
        build_objective(data, settings_of(objective, unlabelled_ratio=8), network)
    assert str(caught.value) == (
        "unlabelled_ratio = 8: with batch_size = 4 a step takes 32 unlabelled images, of which "
        "there are 31; use a smaller ratio, batch or budget"
    )
