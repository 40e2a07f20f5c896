"""`make lock`'s last part: the provider lock files of the roots, where the registry can be asked for all platforms.

A lock file that was made from a local mirror holds the hash of one platform and breaks `terraform init` on the others
(https://developer.hashicorp.com/terraform/language/files/dependency-lock), so there is none rather than such a one.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from ops_cli.frame.output.writing import note

ROOTS = ("terraform", "terraform/bootstrap")
LOCK_FILE = ".terraform.lock.hcl"
PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
"""Where the project runs: `make` and Terraform on Linux and macOS."""


def lock_providers(repository: Path, report: Callable[[str], None]) -> bool:
    """Write the lock file of each root, or none; return whether they were written.

    Terraform asks the registry itself here, whatever mirrors its configuration names. It is shown only what decides,
    `versions.tf`, so that nothing has to be initialised before.
    """
    with tempfile.TemporaryDirectory() as scratch:
        made = {}
        for number, root in enumerate(ROOTS):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            shutil.copy(repository / root / "versions.tf", folder)
            command = ["terraform", "providers", "lock", *(f"-platform={platform}" for platform in PLATFORMS)]
            answer = subprocess.run(
                [*command, "-no-color"], cwd=folder, capture_output=True, text=True, errors="replace", check=False
            )
            if answer.returncode or not (folder / LOCK_FILE).exists():
                report(f"No provider lock file was written: {_reason(answer.stderr)}")
                return False
            made[root] = (folder / LOCK_FILE).read_bytes()
        for root, content in made.items():
            (repository / root / LOCK_FILE).write_bytes(content)
            report(f"{root}/{LOCK_FILE} is for {', '.join(PLATFORMS)}: commit it with `git add --force`.")
    return True


def _reason(answer: str) -> str:
    """Return what Terraform's error came to, without its frames and the warnings before."""
    words = answer.replace("╷", "").replace("│", "").replace("╵", "").split("Error:")[-1].split()
    return " ".join(words).split(" installed: - ")[-1]


def main() -> None:
    """Lock the providers of the repository that this module belongs to; that it could not be done is no failure."""
    repository = Path(__file__).parents[2]
    lock_providers(repository, note)


if __name__ == "__main__":
    main()
