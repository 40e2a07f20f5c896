"""What older releases of botocore do not know of AWS's service models, in botocore's own form.

Auto Scaling's instance lifecycle policy is younger than botocore 1.40.70, and which release a Lambda runtime ships is
not ours to say. A release of our own would be 14 MB of zip for one parameter; an extra model is 40 lines, is merged
into the model of any release, and changes nothing in one that knows the parameter already.
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceLifecyclePolicy.html
"""

from pathlib import Path

import botocore.session


def new_session() -> botocore.session.Session:
    """Return a session whose clients know what the models in this folder add.

    https://github.com/boto/botocore/blob/develop/botocore/loaders.py describes the `sdk-extras` files.
    """
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.insert(0, str(Path(__file__).parent))
    return session
