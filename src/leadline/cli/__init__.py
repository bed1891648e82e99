"""The command ``leadline``.

Exit codes: 0 answered or done, 1 failed, 2 bad usage or a wrong setting, 3 no answer found,
4 could not look everywhere, 130 interrupted, 143 terminated.

Heavy modules are imported inside the commands, so that ``leadline --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from leadline.cli.ask import ask
from leadline.cli.batch import batch
from leadline.cli.compare import compare
from leadline.cli.configuration import config
from leadline.cli.connections import connections
from leadline.cli.doctor import doctor
from leadline.cli.emails import find_email
from leadline.cli.evaluate import evaluate
from leadline.cli.keys import credits_, keys
from leadline.cli.label import calibrate, label, threshold
from leadline.cli.lint import lint
from leadline.cli.lists import lists
from leadline.cli.migrate import migrate
from leadline.cli.models import models
from leadline.cli.people import people
from leadline.cli.postgres import postgres
from leadline.cli.profile import profile
from leadline.cli.proof import proof
from leadline.cli.replay import replay
from leadline.cli.research import research
from leadline.cli.running import EXIT_BAD_USAGE, EXIT_FAILED, EXIT_INTERRUPTED, Interrupted
from leadline.cli.secrets import secrets
from leadline.cli.serve import api, serve, work
from leadline.cli.subscriptions import subscriptions
from leadline.cli.terminal import harmless, say
from leadline.cli.trace import trace
from leadline.cli.verify import verify
from leadline.cli.webhooks import webhooks
from leadline.foundation.errors import ConfigurationError, InvalidInput, LeadlineError

_OPTIONS = {  # wire name of a field -> what the user typed
    "domain": "DOMAIN",
    "contactProfileUrl": "--profile",
    "connectors.salesNavigator.enabled": "--sales-navigator",
    "question": "QUESTION",
    "answerType": "--type",
    "outputSchema": "--schema",
    "verificationMode": "--mode",
    "maxPages": "--max-pages",
    "full_name": "NAME",
    "firstName": "PERSON",
    "lastName": "PERSON",
    "companyDomain": "--company",
    "companyName": "--company-name",
    "jobTitle": "--title",
}


class _ReaderLeft(Exception):
    """Whoever reads our output has closed the pipe."""


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderLeft from error  # click would end the process with 1


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="leadline")
@click.option("--debug", is_flag=True, help="Show the whole trace of an unexpected error.")
def cli(debug: bool) -> None:
    """Ask a question about a company; get a typed answer with evidence, or an honest "not found"."""


for command in (
    api,
    ask,
    batch,
    calibrate,
    compare,
    config,
    connections,
    credits_,
    doctor,
    evaluate,
    find_email,
    keys,
    label,
    lint,
    lists,
    people,
    migrate,
    models,
    postgres,
    profile,
    proof,
    secrets,
    replay,
    research,
    serve,
    subscriptions,
    threshold,
    trace,
    verify,
    webhooks,
    work,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. The edge at which every error becomes words."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # what the encoding lacks is written out
    code = 0
    try:
        code = cli.main(typed or ["--help"], prog_name="leadline", standalone_mode=False) or 0
        sys.stdout.flush()
    except (BrokenPipeError, _ReaderLeft):
        # It has seen enough, which is no error. Keep the interpreter from flushing into the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        hint = f"\nTry 'leadline {error.ctx.info_name} --help'." if error.ctx and error.ctx.parent else ""
        say(f"Error: {error.format_message()}{hint}")
        return EXIT_BAD_USAGE
    except click.ClickException as error:
        say(f"Error: {error.format_message()}")
        return error.exit_code
    except InvalidInput as error:
        for field, message in error.fields:
            say(f"Error: {_named(field)}: {message}")
        if not error.fields:
            say(f"Error: {error.message}")
        return EXIT_BAD_USAGE
    except ConfigurationError as error:
        say(f"Error: {error.message}")
        return EXIT_BAD_USAGE
    except LeadlineError as error:
        say(f"Error: {error.message}")
        return EXIT_FAILED
    except Interrupted as interruption:
        say(f"\n{interruption}")
        return interruption.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("\nInterrupted.")
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost edge
        if "--debug" in typed:
            sys.stderr.write(harmless(traceback.format_exc()))
        say(f"Error: unexpected {type(error).__name__}: {error}")
        say("This is a fault in Leadline: `leadline --debug ...` shows where.")
        return EXIT_FAILED
    return int(code)


def _named(field: str) -> str:
    return f"{_OPTIONS[field]} ({field})" if field in _OPTIONS else field
