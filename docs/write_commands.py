"""Write commands.md from the command line's own help: ``python docs/write_commands.py``."""

from argparse import Action
from pathlib import Path

from limbeck.cli import command_names, command_parser, command_summary

PAGE = Path(__file__).with_name("commands.md")
RULES = sorted(Path(__file__).parents[1].glob("workflow/rules/*.smk"))
HEAD = """# Commands

Generated from the commands by `python docs/write_commands.py`; `limbeck <command> --help` says the
same. Each rule of the workflow calls one command, which `snakemake -np` prints, so that a
job can be run by hand.

"""


def page() -> str:
    """Return the page: commands that people call first, then those that rules do."""
    actions = {name: command_parser(name)[0]._actions[1:] for name in command_names()}
    rules = "".join(path.read_text(encoding="utf-8") for path in RULES)
    called = [name for name in actions if f"limbeck {name} " in rules]
    people = [name for name in actions if name not in called]
    parts = [HEAD]
    for title, names in (("For a whole study", people), ("Of the workflow's rules", called)):
        parts.append(f"## {title}\n\n")
        parts += [_section(name, actions[name]) for name in names]
    return "".join(parts).rstrip() + "\n"


def _section(name: str, actions: list[Action]) -> str:
    rows = [
        (f"`{action.option_strings[0]}`", _value(action), _default(action), action.help)
        for action in actions
    ]
    head = [("flag", "value", "default", "meaning"), ("---",) * 4]
    table = "".join(f"| {' | '.join(row)} |\n" for row in head + rows)
    return f"### limbeck {name}\n\n{command_summary(name)}\n\n{table}\n"


def _value(action: Action) -> str:
    if action.nargs == 0:
        return "none"
    if action.choices:
        return ", ".join(f"`{choice}`" for choice in action.choices)
    kinds = {"float": "number", "Path": "path", "str": "text"}
    kind = kinds.get(action.type.__name__, action.type.__name__) if action.type else "JSON"
    return kind + ("s" if action.nargs == "+" else "")


def _default(action: Action) -> str:
    if action.required:
        return "must be given"
    return "none" if action.default in (None, False) else f"`{action.default}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
