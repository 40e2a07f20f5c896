# For accounts whose compacted events are too many for a function's disk and minutes: Athena reads them where they lie.
locals {
  athena = {
    workgroup = "${var.platform.name_prefix}-reports"
    # The Data Catalog's names have no hyphens.
    database = replace("${var.platform.name_prefix}_reports", "-", "_")
  }

  catalog_prefix = "arn:${var.platform.partition}:glue:${var.platform.region}:${var.platform.account_id}"

  # Athena reads and writes with the permissions of who asks it.
  athena_statements = {
    QueryLargeAccounts = {
      actions   = ["athena:GetQueryExecution", "athena:StartQueryExecution"]
      resources = ["arn:${var.platform.partition}:athena:${var.platform.region}:${var.platform.account_id}:workgroup/${local.athena.workgroup}"]
    }
    DescribeQueriedFiles = {
      actions = ["glue:CreateTable", "glue:DeleteTable", "glue:GetDatabase", "glue:GetTable"]
      resources = [
        "${local.catalog_prefix}:catalog",
        "${local.catalog_prefix}:database/${local.athena.database}",
        "${local.catalog_prefix}:table/${local.athena.database}/*",
      ]
    }
    LocateBuckets = {
      actions   = ["s3:GetBucketLocation"]
      resources = [var.reports_bucket.arn, var.usage_events_bucket.arn]
    }
    KeepQueryResultsForAMoment = {
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = ["${var.reports_bucket.arn}/athena/*"]
    }
  }
}

resource "aws_athena_workgroup" "this" {
  name          = local.athena.workgroup
  force_destroy = true

  configuration {
    # Each computation keeps its results under a name of its own and removes them.
    enforce_workgroup_configuration    = false
    publish_cloudwatch_metrics_enabled = true

    # Ten times the largest account that one report should ever scan; a query that asks for more is a mistake.
    bytes_scanned_cutoff_per_query = 100 * 1024 * 1024 * 1024
  }
}

resource "aws_glue_catalog_database" "this" {
  name        = local.athena.database
  description = "Event files of accounts whose reports are being computed; its tables live for seconds."
}
