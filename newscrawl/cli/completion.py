"""``newscrawl completion``: what makes a shell complete newscrawl's commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from newscrawl.cli.options import example

SHELLS = ("bash", "zsh", "fish")


@click.command("completion", epilog=example("newscrawl completion bash"))
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the shell completion script.

    For bash and zsh put eval "$(newscrawl completion bash)" (or zsh) into ~/.bashrc (~/.zshrc);
    for fish write it into ~/.config/fish/completions/newscrawl.fish.
    """
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101  click has all of SHELLS
    root = ctx.find_root()
    completion = found(root.command, {}, "newscrawl", "_NEWSCRAWL_COMPLETE")
    click.echo(completion.source())
