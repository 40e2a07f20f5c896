"""The two buckets of an account, one for Terraform's states and one for the functions' zips: ours, or refused."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opscore.errors import ExitCode, NotFound, OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Bucket:
    """A bucket by its name and the account that has to own it: names can be guessed, and anybody may have taken one."""

    name: str
    owner: str

    @property
    def named(self) -> dict[str, Any]:
        """What every request for it says; AWS refuses the request when the owner is another.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
        """
        return {"Bucket": self.name, "ExpectedBucketOwner": self.owner}

    def missing(self) -> NotFound:
        """Return the error for a bucket that nobody made yet."""
        return NotFound(
            f"There is no bucket {self.name}.", hint="`opsctl deploy bootstrap` makes the account's buckets."
        )


def check_bucket(s3: "S3Client", bucket: Bucket) -> None:
    """Raise `NotFound` when there is no such bucket, `OpsError` when it is not its owner's or may not be seen."""
    if not _is_ours(s3, bucket):
        raise bucket.missing()


def make_bucket(s3: "S3Client", bucket: Bucket, region: str) -> bool:
    """Make the bucket unless this account has it; return whether it was made. New buckets are private (since 2023).

    Raises `OpsError` when another account has a bucket of that name.
    """
    if _is_ours(s3, bucket):
        return False
    # us-east-1 is the one region that may not be named as a location.
    where: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket.name, **where)
    except s3.exceptions.BucketAlreadyExists:
        raise _not_ours(bucket) from None
    return True


def _is_ours(s3: "S3Client", bucket: Bucket) -> bool:
    """Return False when there is no such bucket."""
    try:
        s3.head_bucket(**bucket.named)
    except s3.exceptions.ClientError as error:
        # HEAD has no body, hence a bare status: 403 for another owner, and without s3:ListBucket.
        match error.response["ResponseMetadata"]["HTTPStatusCode"]:
            case 404:
                return False
            case 403:
                raise _not_ours(bucket) from error
        raise
    return True


def _not_ours(bucket: Bucket) -> OpsError:
    return OpsError(
        f"The bucket {bucket.name} is not account {bucket.owner}'s, or these credentials may not see it.",
        hint="With s3:ListBucket on it refused as well, somebody else has the name: take another with "
        "`opsctl env add NAME --project PROJECT --replace`.",
        exit_code=ExitCode.REFUSED,
    )
