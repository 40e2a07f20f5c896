variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type = object({
    name_prefix      = string
    partition        = string
    region           = string
    account_id       = string
    alarm_topic_arns = list(string)
  })
}

variable "role" {
  description = "What fails into the queue, such as scheduled-failures: its name inside the platform."
  type        = string
  default     = "scheduled-failures"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.role))
    error_message = "The role must be kebab-case, such as scheduled-failures."
  }

  validation {
    condition     = length("${var.platform.name_prefix}-${var.role}") <= 80
    error_message = "The prefix and the role together must be at most 80 characters long, which is the limit of queue names."
  }
}
