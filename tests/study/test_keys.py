"""A value is checked against its key, one line for each mistake, and filled in from defaults."""

import pytest
import yaml

from limbeck.study.keys import (
    boolean,
    choice,
    either,
    integer,
    listed,
    mapping,
    number,
    section,
    text,
    variant,
)
from limbeck.study.validation import fill_in, mistakes

SHAPES = variant(
    "",
    "shape",
    {"circle": {"radius": number("", above=0)}, "square": {"side": number("", 1)}},
    {"colour": text("", "red")},
)


END_OR_NUMBER = either("", choice("", ("first", "last")), integer("", least=0))
TEXT_OR_MAPPING = either("", text(""), mapping("", text("")), null=True)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (integer(""), "two", "must be a whole number"),
        (integer(""), True, "must be a whole number"),
        (integer(""), 2.0, "must be a whole number"),
        (integer(""), None, "must be a whole number"),
        (integer("", null=True), 1.5, "must be a whole number or null"),
        (number(""), "free", "must be a number"),
        (number(""), float("nan"), "must be a number"),
        (number(""), float("-inf"), "must be a number"),
        (number(""), False, "must be a number"),
        (boolean(""), "yes", "must be true or false"),
        (boolean(""), 1, "must be true or false"),
        (text("", null=True), 3, "must be text or null; put it in quotes"),
        (text(""), True, "must be text; put it in quotes"),
        (text(""), None, "must be text"),
        (text(""), ["a"], "must be text"),
        (listed("", integer("")), 50, "must be a list"),
        (listed("", integer(""), null=True), {}, "must be a list or null"),
        (mapping("", integer("")), None, "must be a mapping"),
        (section("", {}), [], "must be a mapping"),
        (SHAPES, "circle", "must be a mapping"),
        (END_OR_NUMBER, 1.5, "must be first, last, a whole number"),
        (TEXT_OR_MAPPING, 3, "must be text, a mapping or null; put it in quotes"),
    ],
)
def test_wrong_types(key, value, expected):
    assert list(mistakes(key, value, "a.b")) == [f"a.b = {value!r}: {expected}"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (integer(""), 3),
        (integer("", null=True), None),
        (number(""), 3),
        (number(""), 1e300),
        (text("", pattern="[a-z]+", words=""), "abc"),
        (choice("", ("a", None)), None),
        (END_OR_NUMBER, "last"),
        (END_OR_NUMBER, 0),
        (mapping("", integer(""), least=1), {"a_1": 1}),
        (SHAPES, {"shape": "circle", "radius": 2, "colour": "blue"}),
    ],
)
def test_right_values(key, value):
    assert list(mistakes(key, value)) == []


@pytest.mark.parametrize(
    ("bounds", "value", "allowed"),
    [
        ({"least": 1}, 0, ">= 1"),
        ({"above": 0}, 0, "> 0"),
        ({"most": 400}, 401, "<= 400"),
        ({"below": 1}, 1, "< 1"),
    ],
)
def test_bounds(bounds, value, allowed):
    assert list(mistakes(integer("", **bounds), value, "x")) == [f"x = {value}: must be {allowed}"]
    inside = value + 1 if allowed.startswith(">") else value - 1
    assert list(mistakes(number("", **bounds), inside, "x")) == []


def test_choices_have_their_nearest_name():
    key = choice("", ("constant", "cosine", None))
    (line,) = mistakes(key, "cosin", "schedule")
    assert line == ("schedule = 'cosin': did you mean 'cosine'? allowed: constant, cosine, null")
    assert list(mistakes(key, False, "schedule")) == [
        "schedule = False: allowed: constant, cosine, null"
    ]


@pytest.mark.parametrize("value", ["abc\n", "\nabc", "ab c", "", "ABC"])
def test_a_pattern_is_one_of_the_whole_text(value):
    key = text("", pattern="[a-z]+", words="small letters")
    assert list(mistakes(key, value, "x")) == [f"x = {value!r}: must be small letters"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], "x is empty: at least 2 needed"),
        ([1], "x = [1]: must have at least 2 items"),
        ([1, 2, 3, 4], "x = [1, 2, 3, 4]: must have at most 3 items"),
        ([1, 1], "x = [1, 1]: must not repeat a value"),
        ([1, "2"], "x.1 = '2': must be a whole number; it is text: take the quotes away"),
    ],
)
def test_lists(value, expected):
    (line,) = mistakes(listed("", integer(""), least=2, most=3), value, "x")
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *(("1e-4", "0.0001"), ("1E5", "100000.0"), ("-2e+3", "-2000.0"), ("1_0e2", "1000.0")),
        *(("1.0e9", "1000000000.0"), ("1e30", "1.0e+30"), ("2.5e-30", "2.5e-30")),
    ],
)
def test_numbers_that_yaml_reads_as_text(value, written):
    (line,) = mistakes(number(""), value, "x")
    assert line.endswith(f"; YAML reads it as text, write {written}")
    assert yaml.safe_load(written) == float(value)


def test_whole_numbers_that_yaml_reads_as_text():
    (line,) = mistakes(integer(""), "4e3", "x")
    assert line.endswith("; YAML reads it as text, write 4000")


@pytest.mark.parametrize("value", ["nan", "inf", "many", "", "3 6"])
def test_other_text_gets_no_hint_about_numbers(value):
    assert list(mistakes(number(""), value, "x")) == [f"x = {value!r}: must be a number"]


@pytest.mark.parametrize("name", ["my-method", "2nd", "", "a b", "a\n", "é", "a" * 65])
def test_names_fit_into_paths(name):
    (line,) = mistakes(mapping("", integer("")), {name: 1}, "methods")
    assert line.startswith(f"methods: {name!r} is no name; a name is a letter, then letters, ")


@pytest.mark.parametrize("name", [True, 8, None, 1.5])
def test_names_that_yaml_reads_as_something_else(name):
    (line,) = mistakes(mapping("", integer("")), {name: 1}, "layers")
    assert line.startswith(f"layers: {name!r} is no name; YAML reads on, off, yes, no, numbers")


def test_names_that_are_one_file_where_case_does_not_count():
    (line,) = mistakes(mapping("", integer("")), {"Teacher": 1, "teacher": 2}, "methods")
    assert line.startswith("methods: 'Teacher' and 'teacher' are one file where case does not")


def test_unknown_and_missing_keys():
    key = section("", {"neighbours": integer(""), "mass": number("", 1), "seed": integer("")})
    assert list(mistakes(key, {"neighbors": 5}, "metrics")) == [
        "metrics.neighbors: unknown key; did you mean 'neighbours'? "
        "allowed: neighbours, mass, seed",
        "metrics: missing neighbours, seed",
    ]
    assert list(mistakes(section("", key.keys, partial=True), {}, "metrics")) == []


def test_variants():
    assert list(mistakes(SHAPES, {"radius": 1}, "x")) == ["x: missing shape"]
    (line,) = mistakes(SHAPES, {"shape": "circel", "radius": 1}, "x")
    assert line == "x.shape = 'circel': did you mean 'circle'? allowed: circle, square"
    assert list(mistakes(SHAPES, {"shape": "circle", "side": 1}, "x")) == [
        "x.side: unknown key; allowed: shape, colour, radius",
        "x: missing radius",
    ]


def test_defaults_are_filled_in_however_deep():
    key = section(
        "",
        {
            "plain": integer("", 3),
            "deep": section("", {"inner": listed("", integer(""), [1])}),
            "shapes": mapping("", SHAPES, {}),
        },
    )
    given = {"shapes": {"one": {"shape": "square"}, "two": 5}, "extra": None}
    assert fill_in(key, given) == {
        "plain": 3,
        "deep": {"inner": [1]},
        "shapes": {"one": {"shape": "square", "side": 1, "colour": "red"}, "two": 5},
        "extra": None,
    }
    assert given["shapes"]["one"] == {"shape": "square"}  # the config itself is left alone
    assert fill_in(key, "no mapping") == "no mapping"


def test_defaults_are_copies():
    key = section("", {"numbers": listed("", integer(""), [1])})
    fill_in(key, {})["numbers"].append(2)
    assert fill_in(key, {}) == {"numbers": [1]}
