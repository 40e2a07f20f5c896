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

variable "kms_key_arn" {
  description = "Key that objects are encrypted with; null takes S3's own. Who reads or writes needs permission on the key, too."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "The key is named by its ARN: an alias means another key in another account."
  }
}

variable "policy_statements" {
  description = "Who else may do what in the bucket, by sid: `paths` are those of objects, such as exports/*, or \"\" for the bucket itself; `principals` go by type."
  type = map(object({
    actions    = list(string)
    paths      = list(string)
    principals = map(list(string))
    conditions = optional(list(object({
      test     = string
      variable = string
      values   = list(string)
    })), [])
  }))
  default = {}

  validation {
    condition     = alltrue(flatten([for statement in values(var.policy_statements) : [for action in statement.actions : startswith(action, "s3:") && !strcontains(action, "*")]]))
    error_message = "Actions in the bucket must be named one by one, such as s3:GetObject: no * in an action."
  }

  validation {
    condition     = alltrue([for statement in values(var.policy_statements) : length(statement.conditions) > 0 if contains(keys(statement.principals), "Service") || contains(flatten(values(statement.principals)), "*")])
    error_message = "A statement for a service or for everybody needs a condition, such as aws:SourceAccount: it would hold for every account."
  }
}
