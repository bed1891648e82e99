"""``leadline config``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leadline.cli.terminal import Line
    from leadline.foundation.settings import Described


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the settings as JSON.")
@click.option("--explain", is_flag=True, help="Say what each setting means.")
def config(as_json: bool, explain: bool) -> None:
    """Show every setting, its value and where it came from. Secrets are masked."""
    from leadline.cli.terminal import write_json, write_lines
    from leadline.foundation.settings import describe, load_settings

    settings = describe(load_settings())
    if as_json:
        write_json({s.name: {"value": s.value, "origin": s.origin, "meaning": s.doc} for s in settings})
    else:
        write_lines(config_lines(settings, explain=explain))


def config_lines(settings: Sequence[Described], *, explain: bool = False) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line
    from leadline.foundation.settings import variable

    width = max(len(variable(setting.name)) for setting in settings)
    for setting in settings:
        value = one_line(setting.value) or "-"
        yield Line(
            f"{variable(setting.name):<{width}}  {value}  ({one_line(setting.origin)})",
            "" if setting.origin == "default" else "bold",
            width + 2,
        )
        if explain:
            yield Line(f"{'':<{width}}  {setting.doc}", "dim", width + 2)
