"""Empty a dead-letter queue into a file: a replay whose destination is the disk."""

import datetime as dt
from pathlib import Path

from ops_cli.frame.context import Ops
from opscore.dead_letters.engine.engine import ClientEngine
from opscore.dead_letters.engine.journal import NoJournal
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.files import FileDestination, create_private
from opscore.dead_letters.looking.queue import QueueFacts
from opscore.dead_letters.replay.run import bound_ms
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.tally import Tally


def purge_into(ops: Ops, queue: QueueFacts, path: Path) -> Tally:
    """Move every message that is in the queue now to `path`. The file itself is the journal of what may be deleted."""
    sqs = ops.fast_sqs()
    with create_private(path) as file:
        destination = FileDestination(file, f"file:{path}")
        admission = Admission("purge", bound_ms(sqs, queue), lambda _letter: destination)
        return ClientEngine(sqs, queue, admission, NoJournal(), limits=Limits(ordered=queue.fifo)).run()


def export_name(queue: str) -> Path:
    """Return a file name for an export of `queue` made now."""
    return Path(f"{queue}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.ndjson")
