"""CIFAR-100 (Krizhevsky 2009)."""

from collections.abc import Mapping, Sequence

from limbeck.data.facts import Facts
from limbeck.data.groups import superclass_of
from limbeck.data.samples import SourceData
from limbeck.data.torchvision_files import read_torchvision
from limbeck.study.settings import DatasetSettings

# The coarse classes of its own files.
SUPERCLASSES = {
    "aquatic_mammals": ("beaver", "dolphin", "otter", "seal", "whale"),
    "fish": ("aquarium_fish", "flatfish", "ray", "shark", "trout"),
    "flowers": ("orchid", "poppy", "rose", "sunflower", "tulip"),
    "food_containers": ("bottle", "bowl", "can", "cup", "plate"),
    "fruit_and_vegetables": ("apple", "mushroom", "orange", "pear", "sweet_pepper"),
    "household_electrical_devices": ("clock", "keyboard", "lamp", "telephone", "television"),
    "household_furniture": ("bed", "chair", "couch", "table", "wardrobe"),
    "insects": ("bee", "beetle", "butterfly", "caterpillar", "cockroach"),
    "large_carnivores": ("bear", "leopard", "lion", "tiger", "wolf"),
    "large_man-made_outdoor_things": ("bridge", "castle", "house", "road", "skyscraper"),
    "large_natural_outdoor_scenes": ("cloud", "forest", "mountain", "plain", "sea"),
    "large_omnivores_and_herbivores": ("camel", "cattle", "chimpanzee", "elephant", "kangaroo"),
    "medium_mammals": ("fox", "porcupine", "possum", "raccoon", "skunk"),
    "non-insect_invertebrates": ("crab", "lobster", "snail", "spider", "worm"),
    "people": ("baby", "boy", "girl", "man", "woman"),
    "reptiles": ("crocodile", "dinosaur", "lizard", "snake", "turtle"),
    "small_mammals": ("hamster", "mouse", "rabbit", "shrew", "squirrel"),
    "trees": ("maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"),
    "vehicles_1": ("bicycle", "bus", "motorcycle", "pickup_truck", "train"),
    "vehicles_2": ("lawn_mower", "rocket", "streetcar", "tank", "tractor"),
}


def read(settings: DatasetSettings, seed: int) -> SourceData:
    """Read CIFAR-100 through torchvision."""
    return read_torchvision(settings, "CIFAR100")


def superclasses(settings: DatasetSettings, class_names: Sequence[str]) -> Mapping[str, str]:
    """Return the superclass of each class, one of the dataset's own 20."""
    return superclass_of(SUPERCLASSES)


def facts(settings: DatasetSettings) -> Facts:
    """Return classes, counts and image shape of the dataset that `read` returns."""
    return Facts(
        class_names=sorted(superclass_of(SUPERCLASSES)),
        train_per_class=[500] * 100,
        test_per_class=[100] * 100,
        image_shape=(32, 32, 3),
    )
