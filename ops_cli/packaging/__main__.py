"""Entry point of `python -I -S ops_cli/packaging`, which has neither site-packages nor this folder's parent."""

import gc
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_REPOSITORY = os.path.dirname(os.path.dirname(_HERE))
# Python puts this folder itself first, where its modules would pass for top-level ones.
sys.path[:] = [_REPOSITORY, f"{_REPOSITORY}/python/lib", *(path for path in sys.path if os.path.abspath(path) != _HERE)]

if __name__ == "__main__":
    # A process this short has nothing to collect, and looking for it takes a tenth of its time.
    gc.disable()
    from ops_cli.packaging.command import main

    sys.exit(main(sys.argv[1:]))
