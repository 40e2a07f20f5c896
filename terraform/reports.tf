module "report_request" {
  source = "../modules/report-request"

  platform       = local.platform
  code           = local.code["report-request"]
  reports_bucket = module.reports_bucket.bucket
  accounts_table = module.accounts_table.table
  reports_table  = module.report_states_table.table
  report_queue   = module.report_generator.queue
}

module "report_generator" {
  source = "../modules/report-generator"

  platform             = local.platform
  code                 = local.code["report-generator"]
  usage_events_bucket  = module.usage_events_bucket.bucket
  reports_bucket       = module.reports_bucket.bucket
  accounts_table       = module.accounts_table.table
  reports_table        = module.report_states_table.table
  email                = var.report_generator.email
  timeout_seconds      = var.report_generator.timeout_seconds
  reserved_concurrency = var.report_generator.reserved_concurrency
  maximum_concurrency  = var.report_generator.maximum_concurrency
  retry_base_seconds   = var.report_generator.retry_base_seconds
  athena_above_mb      = var.report_generator.athena_above_mb
}

module "report_month" {
  source = "../modules/report-month"

  platform       = local.platform
  code           = local.code["report-month"]
  reports_bucket = module.reports_bucket.bucket
  accounts_table = module.accounts_table.table
  reports_table  = module.report_states_table.table
  report_queue   = module.report_generator.queue
}

module "report_sweep" {
  source = "../modules/report-sweep"

  platform            = local.platform
  code                = local.code["report-sweep"]
  reports_bucket      = module.reports_bucket.bucket
  usage_events_bucket = module.usage_events_bucket.bucket
  reports_table       = module.report_states_table.table
  report_queue        = module.report_generator.queue
}
