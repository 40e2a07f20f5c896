locals {
  consumer = {
    role                 = "report-generator"
    timeout_seconds      = var.timeout_seconds
    reserved_concurrency = var.reserved_concurrency
  }
}

module "function" {
  source = "../lambda-function"

  platform        = var.platform
  role            = local.consumer.role
  code            = var.code
  timeout_seconds = local.consumer.timeout_seconds

  # From 1769 MB on a function has a whole processor, and DuckDB a place for what it holds in memory.
  memory_mb            = 1769
  reserved_concurrency = local.consumer.reserved_concurrency

  environment = {
    REPORTS_BUCKET      = var.reports_bucket.name
    USAGE_EVENTS_BUCKET = var.usage_events_bucket.name
    ACCOUNTS_TABLE      = var.accounts_table.name
    REPORT_QUEUE_URL    = module.queue.queue.url
    RETRY_BASE_SECONDS  = var.retry_base_seconds
  }

  statements = {
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
      actions   = ["s3:GetObject"]
      resources = [for folder in ["compacted", "directory", "events"] : "${var.usage_events_bucket.arn}/${folder}/*"]
    }
    SeeWhichReportsThereAre = {
      actions    = ["s3:ListBucket"]
      resources  = [var.reports_bucket.arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["peers/*", "reports/*", "summaries/*"] }]
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
  }
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
