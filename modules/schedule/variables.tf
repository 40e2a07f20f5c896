variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type = object({
    name_prefix = string
    region      = string
    account_id  = string

    # Optional, for accounts with rules of their own.
    permissions_boundary_arn = optional(string)
    role_path                = optional(string, "/")
    tags                     = optional(map(string), {})
  })
}

variable "role" {
  description = "What the schedule is for, such as report-month: its name inside the platform."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.role))
    error_message = "The role must be kebab-case, such as report-month."
  }

  validation {
    condition     = length("${var.platform.name_prefix}-${var.role}-schedule-${var.platform.region}") <= 64
    error_message = "The prefix, the role, -schedule and the region together must be at most 64 characters long, which is the limit of IAM role names: shorten the project, the environment or the role."
  }
}

variable "expression" {
  description = "When: cron(…) or rate(…), in UTC, so that no clock change skips or repeats a run."
  type        = string

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.expression))
    error_message = "The expression must be cron(…) or rate(…)."
  }
}

variable "function" {
  description = "The function to run: the output `function` of the lambda-function module."
  type        = object({ alias_arn = string })
}

variable "failures" {
  description = "Queue that keeps a run which could not be started: the output `queue` of the failure-queue module; null for none."
  type        = object({ arn = string })
  default     = null
}

variable "give_up_after_seconds" {
  description = "How long starting a run is tried again; six hours by default."
  type        = number
  default     = 21600

  # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
  validation {
    condition     = var.give_up_after_seconds >= 60 && var.give_up_after_seconds <= 86400
    error_message = "The Scheduler tries again for 60 to 86400 seconds, which is a day."
  }
}
