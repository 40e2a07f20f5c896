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

variable "reports_bucket" {
  description = "Bucket that reports and their requests are kept in."
  type        = object({ name = string, arn = string })
}

variable "accounts_table" {
  description = "Table of the accounts that reports can be asked for."
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

variable "formats" {
  description = "Formats that may be asked for: those that the report generator can write. For pdf, add fpdf2 to its requirements.txt."
  type        = list(string)
  default     = ["csv", "html", "json", "xlsx"]

  validation {
    condition     = length(var.formats) > 0 && length(setsubtract(var.formats, ["csv", "html", "json", "pdf", "xlsx"])) == 0
    error_message = "The formats are some of csv, html, json, pdf and xlsx, at least one."
  }
}

variable "maximum_period_days" {
  description = "Longest period that one report may cover."
  type        = number
  default     = 400

  validation {
    condition     = var.maximum_period_days >= 1
    error_message = "The maximum period must be at least one day."
  }
}
