module "function" {
  source = "../lambda-function"

  platform        = var.platform
  role            = "report-request"
  code            = var.code
  timeout_seconds = 15

  environment = {
    REPORT_QUEUE_URL    = var.report_queue.url
    REPORTS_BUCKET      = var.reports_bucket.name
    ACCOUNTS_TABLE      = var.accounts_table.name
    REPORTS_TABLE       = var.reports_table.name
    MAXIMUM_PERIOD_DAYS = var.maximum_period_days
    FORMATS             = join(",", var.formats)
  }

  statements = {
    QueueReportRequests = {
      actions   = ["sqs:SendMessage"]
      resources = [var.report_queue.arn]
    }
    LookUpAccounts = {
      actions   = ["dynamodb:GetItem"]
      resources = [var.accounts_table.arn]
    }
    RecordRequests = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [var.reports_table.arn]
    }
    SeeWhichReportsThereAre = {
      actions    = ["s3:ListBucket"]
      resources  = [var.reports_bucket.arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["reports/*"] }]
    }
  }
}
