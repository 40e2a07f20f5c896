provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  own = {
    name_prefix = "orders-test"
    partition   = data.aws_partition.current.partition
    region      = var.region
    account_id  = data.aws_caller_identity.current.account_id
  }

  platform = merge(local.own, {
    force_destroy      = true
    log_retention_days = 30
    alarm_topic_arns   = [module.alerts.topic.arn]
  })

  consumer = { role = "order-keeper", timeout_seconds = 60 }
}

module "alerts" {
  source = "../../../modules/alerts-topic"

  platform = local.own
  emails   = var.alarm_emails
}

module "failures" {
  source = "../../../modules/failure-queue"

  platform = local.platform
}

module "orders_table" {
  source = "../../../modules/key-value-table"

  platform = local.platform
  role     = "orders"
  key      = "order_id"
}

module "exports_bucket" {
  source = "../../../modules/private-bucket"

  platform                = local.platform
  role                    = "exports"
  noncurrent_version_days = 30
}

module "order_keeper" {
  source = "../../../modules/lambda-function"

  platform        = local.platform
  role            = local.consumer.role
  code            = var.code[local.consumer.role]
  timeout_seconds = local.consumer.timeout_seconds

  environment = {
    ORDERS_TABLE   = module.orders_table.table.name
    EXPORTS_BUCKET = module.exports_bucket.bucket.name
  }

  statements = {
    KeepOrders = {
      actions   = ["dynamodb:PutItem"]
      resources = [module.orders_table.table.arn]
    }
    ExportOrders = {
      actions   = ["s3:PutObject"]
      resources = ["${module.exports_bucket.bucket.arn}/orders/*"]
    }
  }
}

module "orders" {
  source = "../../../modules/queue-worker"

  platform            = local.platform
  role                = "orders"
  consumer            = local.consumer
  function            = module.order_keeper.function
  maximum_concurrency = 5
  fifo                = { deduplicate_by_content = true }
}

module "nightly_check" {
  source = "../../../modules/lambda-function"

  platform   = local.platform
  role       = "nightly-check"
  code       = var.code["nightly-check"]
  on_failure = { destination_arn = module.failures.queue.arn }
}

module "every_night" {
  source = "../../../modules/schedule"

  platform   = local.platform
  role       = "nightly-check"
  expression = "cron(0 3 * * ? *)"
  function   = module.nightly_check.function
  failures   = module.failures.queue
}

module "stack_description" {
  source = "../../../modules/stack-description"

  project     = "orders"
  environment = "test"
  account_id  = local.own.account_id
  region      = var.region

  parts = [
    {
      functions = { for function in [module.order_keeper.function, module.nightly_check.function] : function.role => { name = function.name } }
      queues    = module.orders.stack
      tables    = { orders = { name = module.orders_table.table.name } }
      buckets   = { exports = { name = module.exports_bucket.bucket.name } }
    },
  ]
}
