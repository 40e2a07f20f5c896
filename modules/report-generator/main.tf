locals {
  consumer = {
    role                 = "report-generator"
    timeout_seconds      = var.timeout_seconds
    reserved_concurrency = var.reserved_concurrency
  }

  # SES asks for the identity that the sender is verified by, its address or a domain, whichever there is; as long as the
  # account may not mail to everybody, for that of the recipient, too; and for the identity's configuration set.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
  email_resources = var.email == null ? [] : concat(
    [for identity in distinct(compact([
      var.email.sender,
      split("@", var.email.sender)[1],
      var.email.identity,
      var.email.recipient,
      split("@", var.email.recipient)[1],
    ])) : "identity/${identity}"],
    [for name in var.email.configuration_set[*] : "configuration-set/${name}"],
  )

  email_statements = var.email == null ? {} : {
    SendEmail = {
      actions    = ["ses:SendEmail"]
      resources  = [for resource in local.email_resources : "arn:${var.platform.partition}:ses:${var.platform.region}:${var.platform.account_id}:${resource}"]
      conditions = [{ test = "StringEquals", variable = "ses:FromAddress", values = [var.email.sender] }]
    }
  }
}

module "function" {
  source = "../lambda-function"

  platform        = var.platform
  role            = local.consumer.role
  code            = var.code
  timeout_seconds = local.consumer.timeout_seconds

  # From 1769 MB on a function has a whole processor, and DuckDB a place for what it holds in memory.
  memory_mb = 1769

  # For the months that are read here: one is kept while the next is fetched, and DuckDB has room to sort.
  disk_mb = 512 + 3 * var.athena_above_mb

  reserved_concurrency = local.consumer.reserved_concurrency

  environment = {
    REPORTS_BUCKET        = var.reports_bucket.name
    USAGE_EVENTS_BUCKET   = var.usage_events_bucket.name
    ACCOUNTS_TABLE        = var.accounts_table.name
    REPORTS_TABLE         = var.reports_table.name
    REPORT_QUEUE_URL      = module.queue.queue.url
    DEAD_LETTER_QUEUE_URL = module.queue.queue.dead_letter_url
    DELIVERIES_TOPIC_ARN  = aws_sns_topic.deliveries.arn
    RETRY_BASE_SECONDS    = var.retry_base_seconds
    MAXIMUM_RECEIVES      = module.queue.queue.max_receive_count
    ATHENA_DATABASE       = aws_glue_catalog_database.this.name
    ATHENA_WORKGROUP      = aws_athena_workgroup.this.name
    ATHENA_ABOVE_MB       = var.athena_above_mb
    EMAIL_SENDER          = try(var.email.sender, "")
    EMAIL_RECIPIENT       = try(var.email.recipient, "")
  }

  statements = merge(local.email_statements, local.athena_statements, {
    LookUpAccounts = {
      actions   = ["dynamodb:GetItem"]
      resources = [var.accounts_table.arn]
    }
    FindUsageEvents = {
      actions    = ["s3:ListBucket"]
      resources  = [var.usage_events_bucket.arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["compacted/*", "directory/*", "events/*"] }]
    }
    ReadUsageEvents = {
      actions = ["s3:GetObject"]
      resources = [
        "${var.usage_events_bucket.arn}/compacted/*",
        "${var.usage_events_bucket.arn}/directory/*",
        "${var.usage_events_bucket.arn}/events/*",
      ]
    }
    SeeWhichReportsThereAre = {
      actions    = ["s3:ListBucket"]
      resources  = [var.reports_bucket.arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["athena/*", "peers/*", "reports/*", "summaries/*"] }]
    }
    DeliverReports = {
      actions   = ["s3:PutObject"]
      resources = ["${var.reports_bucket.arn}/reports/*"]
    }
    KeepNumbersOfEarlierMonths = {
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${var.reports_bucket.arn}/summaries/*"]
    }
    CompareWithPeers = {
      actions   = ["s3:GetObject"]
      resources = ["${var.reports_bucket.arn}/peers/*"]
    }
    TrackReports = {
      actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      resources = [var.reports_table.arn]
    }
    BuryWhatFailedForGood = {
      actions   = ["sqs:SendMessage"]
      resources = [module.queue.queue.dead_letter_arn]
    }
    AnnounceDeliveries = {
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.deliveries.arn]
    }
  })
}

# Hears of every delivered report: ids and dates, no name and no address of anybody.
resource "aws_sns_topic" "deliveries" {
  name              = "${var.platform.name_prefix}-report-deliveries"
  kms_master_key_id = "alias/aws/sns"
}

module "queue" {
  source = "../queue-worker"

  platform            = var.platform
  role                = "report-requests"
  consumer            = local.consumer
  function            = module.function.function
  maximum_concurrency = var.maximum_concurrency

  # One report an invocation: a slow one delays no other, and the maximum concurrency counts reports.
  batch_size = 1
}
