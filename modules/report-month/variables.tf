variable "platform" {
  description = "What every service of one environment shares; the root configuration makes it once."
  type = object({
    name_prefix        = string
    region             = string
    account_id         = string
    log_retention_days = number
    alarm_topic_arns   = list(string)

    # Optional, for accounts with rules of their own.
    permissions_boundary_arn = optional(string)
    role_path                = optional(string, "/")
    kms_key_arn              = optional(string)
    network                  = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    tags                     = optional(map(string), {})
  })
}

variable "code" {
  description = "The function's zip and what runs it, as the build manifest says."
  type = object({
    bucket       = string
    s3_key       = string
    key          = string
    handler      = string
    runtime      = string
    architecture = string
  })
}

variable "accounts_table" {
  description = "Table of the accounts that a month owes reports."
  type        = object({ name = string, arn = string })
}

variable "reports_bucket" {
  description = "Bucket that reports and the months' ledgers are kept in."
  type        = object({ name = string, arn = string })
}

variable "reports_table" {
  description = "Table of what is known of each report."
  type        = object({ name = string, arn = string })
}

variable "report_queue" {
  description = "Queue that the report generator consumes."
  type        = object({ url = string, arn = string })
}

variable "schedule" {
  description = "When it runs: a cron expression in UTC."
  type        = string
  default     = "cron(0 6 2 * ? *)"
}

variable "patience_seconds" {
  description = "How long a report may wait, without anybody working on it, before it is asked for again; longer than a month takes."
  type        = number
  default     = 14400

  validation {
    condition     = var.patience_seconds >= 60
    error_message = "The patience must be at least a minute: messages take their time."
  }
}

variable "failures" {
  description = "Queue that keeps runs which failed for good or could not be started: the output `queue` of the failure-queue module; null for none."
  type        = object({ arn = string })
  default     = null
}
