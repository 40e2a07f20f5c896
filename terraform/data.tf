module "usage_events_bucket" {
  source = "../modules/private-bucket"

  platform                = local.platform
  role                    = "usage-events"
  noncurrent_version_days = var.noncurrent_version_days
}

module "reports_bucket" {
  source = "../modules/private-bucket"

  platform                = local.platform
  role                    = "reports"
  noncurrent_version_days = var.noncurrent_version_days

  # Athena's results and what is staged for it: a computation removes its own, one that was killed cannot.
  prefix_expiration_days = { "athena/" = 1 }
}

# What the on-call engineers' commands keep: the journals of replays, so that another machine can continue one.
module "operations_bucket" {
  source = "../modules/private-bucket"

  platform                = local.platform
  role                    = "operations"
  noncurrent_version_days = var.noncurrent_version_days
}

module "accounts_table" {
  source = "../modules/key-value-table"

  platform = local.platform
  role     = "accounts"
  key      = "account"
}

module "report_states_table" {
  source = "../modules/key-value-table"

  platform = local.platform
  role     = "report-states"
  key      = "report_id"
  index    = { name = "by-account", key = "account" }
}
