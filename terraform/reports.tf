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
  email                = lookup(var.report_generator, "email", null)
  timeout_seconds      = lookup(var.report_generator, "timeout_seconds", 60)
  reserved_concurrency = lookup(var.report_generator, "reserved_concurrency", 5)
  maximum_concurrency  = lookup(var.report_generator, "maximum_concurrency", 5)
  retry_base_seconds   = lookup(var.report_generator, "retry_base_seconds", 30)
  athena_above_mb      = lookup(var.report_generator, "athena_above_mb", 512)
}

module "report_month" {
  source = "../modules/report-month"

  platform       = local.platform
  code           = local.code["report-month"]
  reports_bucket = module.reports_bucket.bucket
  accounts_table = module.accounts_table.table
  reports_table  = module.report_states_table.table
  report_queue   = module.report_generator.queue
  failures       = module.failures.queue
}

module "report_sweep" {
  source = "../modules/report-sweep"

  platform            = local.platform
  code                = local.code["report-sweep"]
  reports_bucket      = module.reports_bucket.bucket
  usage_events_bucket = module.usage_events_bucket.bucket
  reports_table       = module.report_states_table.table
  report_queue        = module.report_generator.queue
  report_month        = module.report_month.function
  failures            = module.failures.queue
}

# Scheduled runs that failed for good or were never started; reports have a dead-letter queue of their own.
module "failures" {
  source = "../modules/failure-queue"

  platform = local.platform
}
