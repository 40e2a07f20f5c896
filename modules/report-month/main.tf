module "function" {
  source = "../lambda-function"

  platform        = var.platform
  role            = "report-month"
  code            = var.code
  timeout_seconds = 300
  memory_mb       = 512
  on_failure      = var.failures == null ? null : { destination_arn = var.failures.arn }

  environment = {
    REPORT_QUEUE_URL = var.report_queue.url
    REPORTS_BUCKET   = var.reports_bucket.name
    ACCOUNTS_TABLE   = var.accounts_table.name
    REPORTS_TABLE    = var.reports_table.name
    PATIENCE_SECONDS = var.patience_seconds
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
    TellMissingLedgersFromForbiddenOnes = {
      actions    = ["s3:ListBucket"]
      resources  = [var.reports_bucket.arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["months/*"] }]
    }
    KeepLedgers = {
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${var.reports_bucket.arn}/months/*"]
    }
    ListAccounts = {
      actions   = ["dynamodb:GetItem", "dynamodb:Scan"]
      resources = [var.accounts_table.arn]
    }
  }
}

module "schedule" {
  source = "../schedule"

  platform   = var.platform
  role       = "report-month"
  expression = var.schedule
  function   = module.function.function
  failures   = var.failures
}
