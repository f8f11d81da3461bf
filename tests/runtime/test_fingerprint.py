"""Fingerprints change with the code and with nothing else."""

import shutil
from pathlib import Path

import pytest

from limbeck.runtime import fingerprint as module
from limbeck.runtime.fingerprint import INERT, fingerprint

STAGE = '''"""What the stage does."""

import limbeck.helper


def run(values, scale=2):
    """Run it."""
    total = 0
    for value in values:
        total += scale * value
    return f"{total:.3f} at {scale}" + " "
'''


@pytest.fixture
def package(monkeypatch, tmp_path):
    """Return a function that writes modules, by dotted name, and takes the fingerprint of one."""

    def clear():
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()

    def write(sources, *stages):
        for name, source in sources.items():
            name = "stages.stage" if name == "stage" else name
            path = tmp_path.joinpath(*name.split("."))
            path = path / "__init__.py" if name == "package" else path.with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(source)
        clear()
        return fingerprint(*stages or ["stage"])

    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    yield write
    clear()


def edited(old, new):
    assert STAGE.count(old) == 1
    return STAGE.replace(old, new)


@pytest.mark.parametrize(
    "source",
    {
        "comment": edited("    total = 0\n", "    # Starts at zero.\n    total = 0  # here\n"),
        "blank lines": edited("    total = 0\n", "\n    total = 0\n\n\n"),
        "other docstrings": edited("Run it.", "Run it now.").replace("stage does", "stage is"),
        "long docstring": edited('"""Run it."""', '"""Run it.\n\n    Twice.\n    """'),
        "no docstring": edited('    """Run it."""\n', ""),
        "no module docstring": edited('"""What the stage does."""\n\n', ""),
        "indentation": STAGE.replace("    ", "  "),
        "wrapped": edited("(values, scale=2)", "(\n    values,\n    scale=2\n)"),
        "spaces": edited("total = 0", "total=0"),
    }.items(),
    ids=lambda item: item[0],
)
def test_comments_docstrings_and_layout_do_not_count(package, source):
    before = package({"stage": STAGE, "helper": "scale = 1"})
    assert package({"stage": source[1]}) == before


@pytest.mark.parametrize(
    "source",
    {
        "number": edited("total = 0", "total = 1"),
        "default": edited("scale=2", "scale=3"),
        "operator": edited("scale * value", "scale + value"),
        "name": edited("total += scale * value", "total += scale * scale"),
        "dedented": edited("        total +=", "    total +=").replace(
            "in values:", "in values: pass"
        ),
        "into the loop": edited("    return", "        return"),
        "f-string": edited("total:.3f", "total:.2f"),
        "space in a string": edited('" "', '""'),
        "space in an f-string": edited(" at ", " at"),
        "string that is no docstring": edited("total = 0", 'total = "Run it."'),
        "statement": edited("    total = 0\n", "    total = 0\n    values = values[1:]\n"),
    }.items(),
    ids=lambda item: item[0],
)
def test_code_counts(package, source):
    before = package({"stage": STAGE, "helper": "scale = 1"})
    assert package({"stage": source[1]}) != before


@pytest.mark.parametrize(
    "text",
    [
        """f"{values} at {' '.join(scale)}: {{}}\"""",
        """rf'{f"{values:>{scale}}"} '""",
        'f"""a\n  {values}\n  b"""',
    ],
)
def test_an_f_string_reads_the_same_by_every_python(package, text):
    # Python 3.12 takes f-strings apart; a study must not run again because Python was updated.
    package({"stage": f"total = {text}; scale = 1\n"})
    assert module._tokens("stages.stage") == f"total={text};scale=1;"


@pytest.mark.parametrize(
    "statement",
    [
        "import limbeck.helper",
        "import limbeck.helper as other",
        "from limbeck.helper import scale",
        "from limbeck import helper",
        "def run():\n    from limbeck.helper import scale",
        "from limbeck.middle import scale",  # which imports it in turn
        "from limbeck.package.module import scale",
    ],
)
def test_imported_modules_count(package, statement):
    middle = "from limbeck.helper import scale"
    modules = {"helper": "scale = 1", "middle": middle, "package.module": middle, "stranger": "x=1"}
    before = package({"stage": statement, **modules})
    assert package({"stranger": "x = 2"}) == before
    assert package({"helper": "scale = 2"}) != before


def test_an_imported_package_counts(package):
    before = package({"stage": "from limbeck.package import scale", "package": "scale = 1"})
    assert package({"package": "scale = 2"}) != before


@pytest.mark.parametrize("template", ["page.html", "assets/page.js", "assets/page.css"])
def test_templates_of_an_imported_package_count(package, template, tmp_path):
    modules = {"stage": "import limbeck.pages.page", "pages.page": "x = 1", "other.page": "x = 1"}
    package(modules)
    for folder in ("pages", "other"):
        (tmp_path / folder / "assets").mkdir()
        (tmp_path / folder / template).write_text("old")
    before = package({})
    (tmp_path / "other" / template).write_text("new")
    assert package({}) == before
    (tmp_path / "pages" / template).write_text("new")
    assert package({}) != before


def test_an_edit_of_one_objective_retrains_its_own_methods_only(package, tmp_path):
    real = Path(fingerprint.__wrapped__.__code__.co_filename).parents[1]
    shutil.copytree(real, tmp_path, dirs_exist_ok=True)
    objectives = ("cross_entropy", "distillation", "pi_model", "fixmatch")

    def hashes():
        names = [f"training.objectives.{name}" for name in objectives]
        return [package({}, "train", name) for name in names]

    before = hashes()
    assert len(set(before)) == 4
    with (tmp_path / "training/objectives/fixmatch.py").open("a") as file:
        file.write("EDITED = True\n")
    assert hashes()[:3] == before[:3]
    assert hashes()[3] != before[3]


@pytest.mark.parametrize("name", sorted(INERT))
def test_inert_modules_do_not_count(package, name):
    before = package({"stage": f"import limbeck.{name}", name: "x = 1"})
    assert package({name: "x = 2\nfrom limbeck import helper", "helper": "y = 1"}) == before


def test_a_chosen_module_counts_though_it_is_inert(package):
    chosen = ["stage", "study.titles"]
    titles = "import limbeck.study.names\n"
    sources = {"stage": "x = 1", "study.titles": titles, "study.names": "y = 1"}
    before = package(sources, *chosen)
    assert package({"study.names": "y = 2"}, *chosen) == before
    assert package({"study.titles": titles + "z = 1"}, *chosen) != before


def test_modules_that_only_move_or_check_data_are_inert():
    assert {"cli", "runtime.errors", "runtime.storage", "study"} <= set(INERT)
    assert not set(INERT) & {"runtime", "runtime.seeding", "training", "training.loop"}


def test_what_is_below_an_inert_package_does_not_count(package):
    before = package({"stage": "from limbeck.study.names import x", "study.names": "x = 1"})
    assert package({"study.names": "x = 2"}) == before
    similar = {"stage": "from limbeck.studying.names import x", "studying.names": "x = 1"}
    before = package(similar)
    assert package({"studying.names": "x = 2"}) != before


def test_outside_modules_and_circles_are_no_problem(package):
    circle = {"stage": "import numpy, os.path\nimport limbeck.helper"}
    value = package({**circle, "helper": "import limbeck.stage"})
    assert len(value) == 16
    assert set(value) <= set("0123456789abcdef")


def test_order_of_the_chosen_modules_does_not_count(package):
    sources = {"stage": "x = 1", "helper": "y = 1", "stranger": "z = 1"}
    both = package(sources, "stage", "helper", "stranger")
    assert fingerprint("stage", "stranger", "helper") == both
    assert fingerprint("stage", "helper") != both


@pytest.mark.parametrize("source", ["", "# Nothing yet.\n", '"""Only a docstring."""\n'])
def test_modules_without_code_have_a_fingerprint(package, source):
    assert len(package({"stage": source})) == 16


def test_unknown_module_is_an_error(package):
    with pytest.raises(ModuleNotFoundError, match="limbeck.stages.absent"):
        package({}, "absent")
