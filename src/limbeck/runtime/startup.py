"""Imports of large libraries, made shorter."""

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from types import ModuleType

# Parts of torch that compile networks, which no job does, and the versions that run without them;
# and the part of torchvision that tells torch how to export its operations, which imports them.
TORCH_COMPILER = (
    "torch._meta_registrations",
    "torch.distributed._meta_registrations",
    "torch.export",
    "torch._dynamo",
    "torch._dynamo.utils",
)
TORCHVISION_EXPORT = "torchvision.ops._register_onnx_ops"
TORCH_VERSIONS = ("2.15.",)


@contextlib.contextmanager
def without(*libraries: str) -> Iterator[None]:
    """Hide libraries that others import only if they are there, and that a job does not need.

    Parameters
    ----------
    *libraries : str
        Names of top-level packages; inside the block importing them raises ImportError, unless they
        were imported before.
    """
    hidden = [name for name in libraries if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


class _Later:
    """Something of a module that is not imported yet, until it is called or looked into."""

    def __init__(self, load: Callable[[], ModuleType], name: str):
        self._load = load
        self._name = name

    def _found(self):
        return getattr(self._load(), self._name)

    def __call__(self, *arguments, **options):
        return self._found()(*arguments, **options)

    def __getattr__(self, attribute: str):
        return getattr(self._found(), attribute)


@contextlib.contextmanager
def later(module: str) -> Iterator[None]:
    """Let others take functions and objects from a module without importing it.

    Parameters
    ----------
    module : str
        Inside the block what is imported from it stands for itself and is imported when it is used,
        unless the module was imported before. After the block the module can be imported.
    """
    if module in sys.modules:
        yield
        return
    standing = ModuleType(module)

    def forget():
        if sys.modules.get(module) is standing:
            del sys.modules[module]

    def load():
        forget()
        return importlib.import_module(module)

    def take(name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Later(load, name)

    standing.__getattr__ = take
    sys.modules[module] = standing
    try:
        yield
    finally:
        forget()


class Postponed(ModuleType):
    """Stands for a module until anything of it is used, which imports it.

    Unlike `importlib.util.LazyLoader`'s modules it is not imported by a look at its dunder
    attributes, such as those of ``inspect`` at all modules.

    Parameters
    ----------
    name : str
        The module's.
    together : sequence of str
        All modules to import then, in this order.
    """

    def __init__(self, name: str, together: tuple[str, ...]):
        super().__init__(name)
        self._together = together

    def __getattr__(self, attribute: str):
        if attribute.startswith("__") and attribute != "__path__":
            raise AttributeError(attribute)
        self.load()
        return getattr(sys.modules[self.__name__], attribute)

    def load(self) -> None:
        """Import the module now, and those that are imported together with it."""
        for name in self._together:
            if isinstance(sys.modules.get(name), Postponed):
                del sys.modules[name]
        for name in self._together:
            importlib.import_module(name)


def postpone(*modules: str) -> None:
    """Import modules only when something in them is used, all of them together."""
    for name in modules:
        if name not in sys.modules:
            sys.modules[name] = Postponed(name, modules)


def postpone_torch_compiler() -> None:
    """Let torch and torchvision be imported, and optimisers step, without torch's compiler.

    Optimisers tell the compiler to leave them alone, and torchvision asks it about devices where it
    aligns regions; nothing is lost if it never hears of either.
    """
    if "torch" in sys.modules or not version("torch").startswith(TORCH_VERSIONS):
        return
    postpone(*TORCH_COMPILER)
    postpone(TORCHVISION_EXPORT)
    # Who takes a name from a module asks for its path first, which would import it.
    _stand_in("torch._dynamo", disable=_disable, graph_break=lambda *arguments: None)
    _stand_in("torch._dynamo.utils", __path__=[], is_compile_supported=_is_compile_supported)
    _stand_in(TORCHVISION_EXPORT, __path__=[], _register_custom_op=lambda: None)


def _stand_in(name: str, **attributes) -> None:
    vars(sys.modules[name]).update(attributes)


def _is_compile_supported(device: str) -> bool:
    return _load("torch._dynamo.utils").is_compile_supported(device)


def _disable(function: Callable | None = None, *arguments, **options) -> Callable:
    """Stand for ``torch.compiler.disable`` where nothing is compiled, with parentheses or none."""
    return (lambda inner: inner) if function is None else function


def import_meta_kernels() -> None:
    """Import what torch computes shapes with on its meta device, if it was postponed."""
    _load("torch._meta_registrations")


def _load(name: str) -> ModuleType | None:
    module = sys.modules.get(name)
    if isinstance(module, Postponed):
        module.load()
    return sys.modules.get(name)
