"""The table of drains, as Terraform makes it."""

from typing import Any


def make_table(client: Any, name: str) -> None:
    """Make the table as modules/ecs-drain/table.tf does."""
    kinds = {"instance_id": "S", "attempt": "N", "open_in": "S", "cluster": "S", "started": "N"}

    def keys(hash_key: str, range_key: str) -> list[dict[str, str]]:
        return [{"AttributeName": hash_key, "KeyType": "HASH"}, {"AttributeName": range_key, "KeyType": "RANGE"}]

    everything = {"ProjectionType": "ALL"}
    client.create_table(
        TableName=name,
        KeySchema=keys("instance_id", "attempt"),
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in kinds.items()],
        GlobalSecondaryIndexes=[
            {"IndexName": "open", "KeySchema": keys("open_in", "instance_id"), "Projection": everything},
            {"IndexName": "by-cluster", "KeySchema": keys("cluster", "started"), "Projection": everything},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
