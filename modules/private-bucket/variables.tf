variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type = object({
    name_prefix   = string
    region        = string
    account_id    = string
    force_destroy = bool
  })
}

variable "role" {
  description = "What the bucket holds, such as usage-events: its name inside the platform and in opsctl."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.role))
    error_message = "The role must be kebab-case, such as usage-events."
  }

  # Bucket names are unique over all accounts, hence the account and the region in them.
  validation {
    condition     = length("${var.platform.name_prefix}-${var.role}-${var.platform.account_id}-${var.platform.region}") <= 63
    error_message = "The bucket's name (prefix, role, account, region) must be at most 63 characters long: shorten the project, the environment or the role."
  }
}

variable "expiration_days" {
  description = "Age at which an object is deleted; null keeps objects for ever."
  type        = number
  default     = null

  validation {
    condition     = var.expiration_days == null ? true : var.expiration_days >= 1
    error_message = "Objects can expire after one day at the earliest; null keeps them for ever."
  }
}

variable "noncurrent_version_days" {
  description = "How long an overwritten or deleted object can still be restored; null keeps every version for ever."
  type        = number
  default     = null

  validation {
    condition     = var.noncurrent_version_days == null ? true : var.noncurrent_version_days >= 1
    error_message = "Versions can expire after one day at the earliest; null keeps them for ever."
  }
}

variable "prefix_expiration_days" {
  description = "Age at which objects below a prefix are deleted, such as { \"athena/\" = 1 } for what is needed for a moment only."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for prefix, days in var.prefix_expiration_days : can(regex("^[^/].*/$", prefix)) && days >= 1])
    error_message = "A prefix ends with a slash and does not begin with one, such as athena/, and its objects can expire after one day at the earliest."
  }
}
