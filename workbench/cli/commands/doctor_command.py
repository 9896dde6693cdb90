"""`workbench doctor`."""

import click

from workbench.cli.answer import json_option, tell


@click.command("doctor")
@json_option
def command(as_json: bool) -> None:
    """Say what this machine can do: versions, processor, memory, GPU, models that are here."""
    from workbench.machine import describe_machine

    facts = describe_machine()
    width = 2 + max(map(len, facts))
    lines = [f"{name:<{width}}{value}" for name, value in facts.items()]
    tell(facts, lines, as_json=as_json)
