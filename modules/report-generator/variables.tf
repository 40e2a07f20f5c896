variable "platform" {
  description = "What every service of one environment shares; the root configuration makes it once."
  type = object({
    name_prefix        = string
    partition          = string
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

variable "usage_events_bucket" {
  description = "Bucket of the usage events that reports are computed from."
  type        = object({ name = string, arn = string })
}

variable "reports_bucket" {
  description = "Bucket that reports are delivered to."
  type        = object({ name = string, arn = string })
}

variable "accounts_table" {
  description = "Table of the accounts: their names, time zones and seats."
  type        = object({ name = string, arn = string })
}

variable "reports_table" {
  description = "Table of what is known of each report."
  type        = object({ name = string, arn = string })
}

variable "email" {
  description = "Mailbox that hears of every delivered report, and the address it is told from; null for none. `identity` is what SES verified the sender by when that is neither the address nor its domain (example.com for reports@mail.example.com), `configuration_set` the one that the identity has."
  type = object({
    sender            = string
    recipient         = string
    identity          = optional(string)
    configuration_set = optional(string)
  })
  default = null

  validation {
    condition     = var.email == null ? true : alltrue([for address in [var.email.sender, var.email.recipient] : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "The sender and the recipient must be e-mail addresses."
  }

  validation {
    condition     = try(var.email.identity, null) == null ? true : contains([var.email.sender, split("@", var.email.sender)[1]], var.email.identity) || endswith(var.email.sender, ".${var.email.identity}")
    error_message = "The identity must be the sender's address, its domain, or a domain above that."
  }
}

variable "timeout_seconds" {
  description = "How long one batch of reports may take."
  type        = number
  default     = 60
}

variable "reserved_concurrency" {
  description = "Executions kept for the generator; null shares the account's pool, and the mapping's maximum is the throttle."
  type        = number
  default     = 5
}

variable "maximum_concurrency" {
  description = "Most reports in the making at once, so that the data sources are not stormed."
  type        = number
  default     = 5
}

variable "athena_above_mb" {
  description = "Size of a month's compacted events from which on Athena reads them, not the function itself."
  type        = number
  default     = 512

  # The function's disk is derived from it and has at most 10240 MB.
  validation {
    condition     = var.athena_above_mb >= 0 && var.athena_above_mb <= 3242
    error_message = "The size must be between 0, which has Athena read everything that is compacted, and 3242 MB, of which a function's disk holds three times as much."
  }
}

variable "retry_base_seconds" {
  description = "Back-off after the first failure of a report; it doubles with each further one."
  type        = number
  default     = 30

  validation {
    condition     = var.retry_base_seconds >= 0 && var.retry_base_seconds <= 900
    error_message = "The back-off must start between 0 seconds and 15 minutes (900 seconds), which caps it."
  }
}
