"""One file a rule or command, named like it, with a function of the same name.

`limbeck.cli` makes a subcommand of each: its parameters are the flags, their annotations say how to
read them, the docstring's section ``Parameters`` what they mean. A stage reads files, calls pure
functions and writes files. Stages never import stages.
"""
