"""The options that name a model behind an OpenAI-compatible endpoint."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

Command = Callable[..., None]


def endpoint_options(sends: str, model: str, *, required: bool = False) -> Callable[[Command], Command]:
    """Add the options; the command gets them together as `asked`, the values of `EndpointSettings`, or None.

    Args:
        sends: help of `--endpoint`: what goes there.
        model: help of `--model`.
        required: whether there has to be one.
    """
    options = (
        click.option("--endpoint", required=required, help=f"{sends} to this OpenAI-compatible endpoint (up to /v1)."),
        click.option("--model", required=required, help=model),
        click.option("--key-env", help="The environment variable that holds the endpoint's key; it is stored nowhere."),
        click.option(
            "--requests-per-minute",
            type=click.FloatRange(0, min_open=True),
            default=60.0,
            show_default=True,
            help="Most requests a minute to the endpoint.",
        ),
        click.option("--price-in", type=click.FloatRange(0), help="The endpoint's price of a million prompt tokens."),
        click.option("--price-out", type=click.FloatRange(0), help="The endpoint's price of a million answer tokens."),
    )

    def add(command: Command) -> Command:
        @wraps(command)
        def called(*, endpoint: str | None, model: str | None, key_env: str | None, **rest: Any) -> None:
            if (endpoint is None) != (model is None) or (key_env is not None and endpoint is None):
                raise click.UsageError("--endpoint and --model go together, and --key-env with them.")
            limits = {name: rest.pop(name) for name in ("requests_per_minute", "price_in", "price_out")}
            asked = {"url": endpoint, "model": model, "key_env": key_env, **limits}
            command(asked=None if endpoint is None else asked, **rest)

        for option in reversed(options):
            called = option(called)
        return called

    return add
