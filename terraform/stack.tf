locals {
  shared_data = {
    buckets = {
      for bucket in [module.usage_events_bucket.bucket, module.reports_bucket.bucket, module.operations_bucket.bucket] :
      bucket.role => { name = bucket.name }
    }
    tables = {
      for table in [module.accounts_table.table, module.report_states_table.table] : table.role => { name = table.name }
    }
  }
}

# A new service is one more line in `parts`.
module "stack_description" {
  source = "../modules/stack-description"

  project     = var.project
  environment = var.environment
  account_id  = local.platform.account_id
  region      = var.region

  parts = concat(
    [
      local.shared_data,
      module.report_generator.stack,
      module.report_request.stack,
      module.report_month.stack,
      module.report_sweep.stack,
    ],
    module.ecs_drain[*].stack,
    values(module.fleet)[*].stack,
  )
}
