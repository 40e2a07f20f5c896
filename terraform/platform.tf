data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  platform = merge(var.account_rules, {
    name_prefix        = "${var.project}-${var.environment}"
    partition          = data.aws_partition.current.partition
    region             = var.region
    account_id         = data.aws_caller_identity.current.account_id
    force_destroy      = var.force_destroy
    log_retention_days = var.log_retention_days
    alarm_topic_arns   = concat([module.alerts.topic.arn], var.alarm_topic_arns)
  })

  # One small file tells what was built: no zip is read and nothing runs at plan time.
  manifest = jsondecode(file(var.build_manifest))

  code = {
    for role, built in local.manifest.functions : role => {
      bucket       = var.artifacts_bucket
      s3_key       = built.s3_key
      key          = built.key
      handler      = built.handler
      runtime      = local.manifest.target.runtime
      architecture = local.manifest.target.architecture
    }
  }
}

# Not from local.platform, which names this topic.
module "alerts" {
  source = "../modules/alerts-topic"

  platform = { name_prefix = "${var.project}-${var.environment}", account_id = data.aws_caller_identity.current.account_id }
  emails   = var.alarm_emails
}
