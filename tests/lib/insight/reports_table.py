"""The table of reports as modules/key-value-table makes it."""

from typing import TYPE_CHECKING

from insight.orders.state_table import ACCOUNT_INDEX

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create(dynamodb: "DynamoDBClient", name: str = "reports") -> None:
    """Create the table, with its index by account."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "report_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "report_id", "AttributeType": "S"},
            {"AttributeName": "account", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": ACCOUNT_INDEX,
                "KeySchema": [{"AttributeName": "account", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
