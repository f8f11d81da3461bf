"""The page of commands is in step with the commands."""

import importlib.util
from pathlib import Path

from limbeck.cli import command_names

SCRIPT = Path(__file__).parents[2] / "docs/write_commands.py"


def test_the_page_of_commands_is_in_step():
    spec = importlib.util.spec_from_file_location("write_commands", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.PAGE.read_text(encoding="utf-8")
    assert text == script.page(), "python docs/write_commands.py"
    assert [text.count(f"### limbeck {name}\n") for name in command_names()] == [1] * len(
        command_names()
    )
