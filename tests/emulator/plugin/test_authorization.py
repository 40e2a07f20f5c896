"""IAM in the sandbox where the emulator's own answer is another than AWS's."""

import json
from typing import Any

import pytest

from tests.emulator.emulated_account import Account


def test_a_batch_is_allowed_by_the_permission_for_its_parts(account: Account) -> None:
    url, arn = account.queue()
    sqs = allowed(account, "sqs", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn})
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "one"}])
    assert [entry["Id"] for entry in sent["Successful"]] == ["a"]
    with pytest.raises(sqs.exceptions.ClientError, match="sqs:DeleteMessage"):
        sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": "none"}])


def allowed(account: Account, service: str, *statements: dict[str, Any]) -> Any:
    """Return a client of a role that may do what the statements say."""
    iam, sts = account.client("iam"), account.client("sts")
    arn = account.role(*statements)
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName=arn.rsplit("/", 1)[-1], PolicyDocument=policy)
    found = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return account.client(
        service,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )


def test_a_query_is_looked_at_by_who_may_use_its_workgroup(account: Account) -> None:
    where = {"LocationConstraint": "eu-west-1"}
    account.client("s3").create_bucket(Bucket="query-results", CreateBucketConfiguration=where)
    athena = account.client("athena")
    results = {"OutputLocation": "s3://query-results/"}
    query = athena.start_query_execution(QueryString="SELECT 1", ResultConfiguration=results)["QueryExecutionId"]
    groups = "arn:aws:athena:eu-west-1:000000000000:workgroup"
    may = allowed(account, "athena", {"Effect": "Allow", "Action": "athena:*", "Resource": f"{groups}/primary"})
    assert may.get_query_execution(QueryExecutionId=query)["QueryExecution"]["WorkGroup"] == "primary"
    may_not = allowed(account, "athena", {"Effect": "Allow", "Action": "athena:*", "Resource": f"{groups}/other"})
    with pytest.raises(may_not.exceptions.ClientError, match="athena:GetQueryExecution"):
        may_not.get_query_execution(QueryExecutionId=query)


def test_a_public_parameter_is_allowed_by_its_arn_without_an_account(account: Account) -> None:
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    public = "arn:aws:ssm:*::parameter/aws/service/*"
    may = allowed(account, "ssm", {"Effect": "Allow", "Action": "ssm:GetParameter*", "Resource": public})
    assert may.get_parameter(Name=name)["Parameter"]["Value"].startswith("ami-")
    assert may.get_parameters(Names=[name])["Parameters"]
    with pytest.raises(may.exceptions.ClientError, match="AccessDenied"):
        may.get_parameter(Name="/own")
    own = "arn:aws:ssm:eu-west-1:000000000000:parameter/*"
    may_not = allowed(account, "ssm", {"Effect": "Allow", "Action": "ssm:GetParameter*", "Resource": own})
    with pytest.raises(may_not.exceptions.ClientError, match="AccessDenied"):
        may_not.get_parameter(Name=name)


def test_the_tasks_of_a_whole_cluster_are_listed_by_who_may_in_that_cluster(account: Account) -> None:
    clusters = [account.client("ecs").create_cluster(clusterName=name)["cluster"]["clusterArn"] for name in ("a", "b")]
    may_list = {"Effect": "Allow", "Action": "ecs:ListTasks", "Resource": "*"}
    ecs = allowed(account, "ecs", {**may_list, "Condition": {"ArnEquals": {"ecs:cluster": clusters[0]}}})
    assert ecs.list_tasks(cluster="a", desiredStatus="STOPPED")["taskArns"] == []
    with pytest.raises(ecs.exceptions.ClientError, match="ecs:ListTasks"):
        ecs.list_tasks(cluster="b", desiredStatus="STOPPED")
    of_hosts = clusters[0].replace(":cluster/", ":container-instance/") + "/*"
    ecs = allowed(account, "ecs", {**may_list, "Resource": of_hosts})
    with pytest.raises(ecs.exceptions.ClientError, match="ecs:ListTasks"):
        ecs.list_tasks(cluster="a")
