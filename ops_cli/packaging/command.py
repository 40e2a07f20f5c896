"""The command line of the packager, parsed by hand: argparse would take longer than a build with nothing to do."""

from __future__ import annotations

import os
import sys

from ops_cli.packaging.build import build
from ops_cli.packaging.targets import DEPLOY_ARCHITECTURE, DEPLOY_RUNTIME, Target

USAGE = """\
usage: python -I -S ops_cli/packaging [--root DIR] [--target deploy|sandbox|all] [--lock [--upgrade]] [--release]
                                      [--runtime NAME] [--architecture NAME] [--no-bytecode]

Zip every function of python/functions into build/<target>/, with a manifest.json.

  --root DIR            the repository; the current folder when not given
  --target TARGET       sandbox (default): for this machine's interpreter; deploy: for Lambda; all: both
  --runtime NAME        the Lambda runtime of the deploy target and of --lock (python3.13)
  --architecture NAME   the Lambda architecture of the deploy target, arm64 (default) or x86_64
  --no-bytecode         ship sources only
  --lock                resolve every requirements.txt for Lambda into the requirements.lock beside it
  --upgrade             with --lock: take the newest versions rather than keep those that fit
  --release             build the deploy target, and put its zips under plain names into build/release/
"""
_VALUES = {"--root": ".", "--target": "sandbox", "--runtime": DEPLOY_RUNTIME, "--architecture": DEPLOY_ARCHITECTURE}
_FLAGS = ("--no-bytecode", "--lock", "--upgrade", "--release", "--help")
_TARGETS = {"deploy": ("deploy",), "sandbox": ("sandbox",), "all": ("deploy", "sandbox")}


def main(arguments: list[str]) -> int:
    """Run a build or write the locks; return the exit code."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        _run(*_parse(arguments))
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; what was built before is still in place.\n")
        return 130
    except Exception as error:
        from opscore.errors import OpsError

        if isinstance(error, OSError):
            error = OpsError(f"{error.filename or 'The build'}: {error.strerror or error}.")
        if not isinstance(error, OpsError):
            raise
        sys.stderr.write(f"{error.message}\n{error.hint}\n" if error.hint else f"{error.message}\n")
        return int(error.exit_code)
    return 0


def _parse(arguments: list[str]) -> tuple[dict[str, str], set[str]]:
    """Return the options that have values, with them, and the flags that are set."""
    values, flags = dict(_VALUES), set()
    waiting = list(arguments)
    while waiting:
        name, has_value, value = waiting.pop(0).partition("=")
        if name in _FLAGS and not has_value:
            flags.add(name)
        elif name in values and (has_value or waiting):
            values[name] = value if has_value else waiting.pop(0)
        else:
            raise _usage(f"{name} needs a value." if name in values else f"There is no option {name}.")
    if values["--target"] not in _TARGETS:
        raise _usage(f"There is no target {values['--target']!r}; known: {', '.join(_TARGETS)}.")
    return values, flags


def _usage(message: str) -> Exception:
    from opscore.errors import UsageProblem

    return UsageProblem(message, hint="`python -I -S ops_cli/packaging --help` lists the options.")


def _run(values: dict[str, str], flags: set[str]) -> None:
    if "--help" in flags:
        sys.stdout.write(USAGE)
        return
    if "--lock" in flags:
        from ops_cli.packaging.dependencies import lock

        lock(values["--root"], report=_report, runtime=values["--runtime"], upgrade="--upgrade" in flags)
        return
    bytecode = "--no-bytecode" not in flags
    deploy = Target.deploy(values["--runtime"], values["--architecture"], bytecode=bytecode)
    if "--release" in flags:
        from ops_cli.packaging.release import release

        release(values["--root"], build(values["--root"], deploy, report=_report), report=_report)
    else:
        for name in _TARGETS[values["--target"]]:
            build(values["--root"], deploy if name == "deploy" else Target.sandbox(bytecode=bytecode), report=_report)
        if values["--target"] == "sandbox" and bytecode and not deploy.candidates():
            _report(deploy.no_interpreter())


def _report(line: str) -> None:
    sys.stdout.write(f"{line}{os.linesep}")
    sys.stdout.flush()
