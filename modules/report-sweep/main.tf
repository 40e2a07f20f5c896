locals {
  namespace = "opsctl/reports"
}

module "function" {
  source = "../lambda-function"

  platform        = var.platform
  role            = "report-sweep"
  code            = var.code
  timeout_seconds = 300
  memory_mb       = 512
  on_failure      = var.failures == null ? null : { destination_arn = var.failures.arn }

  environment = {
    REPORT_QUEUE_URL    = var.report_queue.url
    REPORTS_BUCKET      = var.reports_bucket.name
    USAGE_EVENTS_BUCKET = var.usage_events_bucket.name
    REPORTS_TABLE       = var.reports_table.name
    PATIENCE_SECONDS    = var.patience_seconds
    REISSUE_SHARE       = var.reissue_share
    MAXIMUM_GENERATIONS = var.maximum_generations
    REPORT_MONTH_ALIAS  = var.report_month.alias_arn
    STACK               = var.platform.name_prefix
  }

  statements = {
    QueueReportRequests = {
      actions   = ["sqs:SendMessage"]
      resources = [var.report_queue.arn]
    }
    TrackReports = {
      actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [var.reports_table.arn]
    }
    TellMissingObjectsFromForbiddenOnes = {
      actions    = ["s3:ListBucket"]
      resources  = [var.reports_bucket.arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["months/*", "reports/*"] }]
    }
    ReadLedgersAndManifests = {
      actions   = ["s3:GetObject"]
      resources = ["${var.reports_bucket.arn}/months/*", "${var.reports_bucket.arn}/reports/*/manifest.json"]
    }
    OpenForgottenMonths = {
      actions   = ["lambda:InvokeFunction"]
      resources = [var.report_month.alias_arn]
    }
    CountForAlarms = {
      actions      = ["cloudwatch:PutMetricData"]
      any_resource = true
      conditions   = [{ test = "StringEquals", variable = "cloudwatch:namespace", values = [local.namespace] }]
    }
    PublishPeers = {
      actions   = ["s3:PutObject"]
      resources = ["${var.reports_bucket.arn}/peers/*"]
    }
    FindUsageEvents = {
      actions    = ["s3:ListBucket"]
      resources  = [var.usage_events_bucket.arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["compacted/*", "events/*"] }]
    }
  }
}

module "schedule" {
  source = "../schedule"

  platform   = var.platform
  role       = "report-sweep"
  expression = var.schedule
  function   = module.function.function
  failures   = var.failures
}
