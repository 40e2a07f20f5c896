"""Start the mended emulator: `python -m emulated_aws`, configured by the environment that README.md lists."""

import asyncio
import logging
import os
import resource
from importlib import metadata
from pathlib import Path

from emulated_aws import admin, server
from emulated_aws.fleet import wiring as fleet
from emulated_aws.plugin import (
    alarm_evaluation,
    alarm_roundtrip,
    athena_results,
    authorization,
    event_source_mappings,
    executions,
    lambda_concurrency,
    lambda_metrics,
    lambda_runtime,
    log_events,
    move_tasks,
    pass_role,
    receipt_handles,
    s3_access,
    schedules,
    secure_transport,
    sqs,
)

MENDED = (
    alarm_evaluation,
    alarm_roundtrip,
    athena_results,
    authorization,
    lambda_metrics,
    lambda_runtime,
    log_events,
    event_source_mappings,
    executions,
    lambda_concurrency,
    move_tasks,
    pass_role,
    receipt_handles,
    s3_access,
    schedules,
    secure_transport,
    sqs,
    fleet,
    admin,
)


def main() -> None:
    """Mend the emulator and serve it until the process is told to stop."""
    logging.getLogger("persistence").setLevel(logging.WARNING)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536)), hard))
    for module in MENDED:
        module.install()
    asyncio.run(
        server.run(
            port=int(os.environ["GATEWAY_PORT"]),
            state_dir=Path(os.environ["STATE_DIR"]),
            state_id=os.environ["OPSCTL_STATE_ID"],
            version=metadata.version("ministack"),
        )
    )


if __name__ == "__main__":
    main()
