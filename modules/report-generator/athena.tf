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
    # Athena asks for the default database whatever a query names, and makes it in a region that has none.
    # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
    FindTheDefaultDatabase = {
      actions   = ["glue:CreateDatabase", "glue:GetDatabase"]
      resources = ["${local.catalog_prefix}:catalog", "${local.catalog_prefix}:database/default"]
    }
    # Dropping a table takes its partitions along; none are registered, for Athena works them out.
    DescribeQueriedFiles = {
      actions = [
        "glue:CreateTable",
        "glue:DeletePartition",
        "glue:DeleteTable",
        "glue:GetDatabase",
        "glue:GetPartition",
        "glue:GetPartitions",
        "glue:GetTable",
      ]
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
    # https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
    KeepQueryResultsForAMoment = {
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      resources = ["${var.reports_bucket.arn}/athena/*"]
    }
    FindOwnUploads = {
      actions   = ["s3:ListBucketMultipartUploads"]
      resources = [var.reports_bucket.arn]
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
