"""`workbench COMMAND`: finds the command's module, and turns errors for people into exit code 1.

A command's module is imported when it is asked for, so that `workbench --help` answers at once.
"""

import os
import sys
from importlib import import_module

import click

from pipelines.errors import CurationError
from pipelines.progress import Cancelled

# In the order in which a person meets them; the text is the first line of the command's help.
COMMANDS = {
    "demo": "Run the whole loop on the sample data, then open the app on its results.",
    "app": "Open the browser app on 127.0.0.1.",
    "new": "Make an empty project.",
    "import": "Read files of examples into a project.",
    "curate": "Run the stages: duplicates, embeddings, coverage, personal data, conflicts, quality.",
    "decide": "Keep, drop or flag examples in bulk.",
    "balance": "Show how the examples lie over topics; cap them or set quotas: seen first, then applied.",
    "repair": "Find and replace in many examples: see what would change, then change it.",
    "personal-data": "Redact, pseudonymise or drop personal data: see what would change, then change it.",
    "taste": "Learn what the reviewers keep from what they decided; say how sure that is.",
    "history": "Tell what happened to an example; undo any decision, restore an earlier text.",
    "split": "Split the kept examples without leaks.",
    "versions": "List, name and compare dataset versions; go back to one.",
    "export": "Write train, validation and test files.",
    "train": "Train an adapter on the current split.",
    "compare": "Let base, few-shot and tuned answer the same held-out examples.",
    "import-outputs": "Read what another model answered to the held-out examples.",
    "import-ratings": "Read what raters elsewhere said: choices between two answers, or scores on criteria.",
    "judge": "Let a judge model compare answers through an endpoint, and say how far it may be trusted.",
    "criteria": "Show or change the criteria that single answers are rated on, with their anchors.",
    "rules": "Show or change the project's own rules for outputs; each is a metric of every comparison.",
    "results": "Show metrics, differences, win rates and the verdict.",
    "handoff": "Write what serves or distributes a run's model: adapter, merged, GGUF, Ollama, vLLM.",
    "serve": "Serve a run's model on 127.0.0.1 to whatever speaks the OpenAI protocol.",
    "verify": "Check an export or a hand-off: hashes, rows, and whether the model answers the same.",
    "ab": "Compare two variants that ran in production, from a log; no project needed.",
    "collect": "Say what to collect next: gaps of coverage and failing slices.",
    "advise": "Say whether fine-tuning is the right tool, the data is enough, and it pays.",
    "preferences": "Write ratings as preference pairs for DPO.",
    "write-answers": "Write right answers where raters found both bad; they become training candidates.",
    "report": "Write one self-contained page to send around.",
    "audit": "Run the stages on plain files, without a project.",
    "shards": "Find duplicates, score, embed and cluster files larger than memory; on Ray too.",
    "backup": "Write a whole project into one file.",
    "restore": "Make a project of a backup.",
    "table": "Write any result table as JSON lines or Parquet.",
    "doctor": "Say what this machine can do.",
}


class Commands(click.Group):
    """Commands that are imported when they are run."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import a command's module."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"workbench.cli.commands.{name.replace('-', '_')}_command").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="finetuning-workbench", prog_name="workbench")
def workbench() -> None:
    """Curate a data set for fine-tuning, train on it, and find out honestly whether that helped."""


def main() -> None:
    """Run a command: exit code 0 done, 1 an error for people, 2 wrong usage, 130 interrupted."""
    # Read by OpenMP as torch is loaded. Threads that wait by spinning make embedding many times slower as soon as
    # anything else runs on the machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        code = workbench(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read the output has enough, as `head` does; what is left must not be written at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except CurationError as error:
        click.echo(f"Error: {error.message}\n  What to do: {error.remedy}", err=True)
        sys.exit(1)
    except (Cancelled, KeyboardInterrupt, click.Abort):
        click.echo("Stopped; what was finished is kept.", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
