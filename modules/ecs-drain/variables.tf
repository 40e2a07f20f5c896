variable "platform" {
  description = "What every service of one environment shares; the root configuration makes it once."
  type = object({
    name_prefix        = string
    partition          = string
    region             = string
    account_id         = string
    force_destroy      = bool
    log_retention_days = number
    alarm_topic_arns   = list(string)

    # Optional, for accounts with rules of their own.
    permissions_boundary_arn = optional(string)
    role_path                = optional(string, "/")
    kms_key_arn              = optional(string)
    network                  = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    tags                     = optional(map(string), {})
  })

  validation {
    condition     = length("${var.platform.name_prefix}-ecs-drain-poller-${var.platform.region}") <= 64
    error_message = "The prefix, -ecs-drain-poller and the region together must be at most 64 characters long, which is the limit of IAM role names: shorten the project or the environment."
  }
}

variable "code" {
  description = "The function's zip and what runs it: an object (`bucket`, `s3_key`, `key`), as the build manifest says, or a zip on this disk (`file`), as `make release` writes it."
  type = object({
    bucket       = optional(string)
    s3_key       = optional(string)
    key          = optional(string)
    file         = optional(string)
    handler      = string
    runtime      = string
    architecture = string
  })
}

variable "fleets" {
  description = "Auto Scaling groups by name: the cluster of their hosts, the hook that holds these, and how they drain."
  type = map(object({
    cluster                   = string
    hook                      = string
    deadline_seconds          = number
    at_deadline               = string
    standalone                = string
    stop_after_seconds        = number
    heartbeat_timeout_seconds = number
  }))

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : contains(["let-go", "keep"], fleet.at_deadline)])
    error_message = "At its deadline a host is let go (let-go), which kills what still runs, or kept (keep)."
  }

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : contains(["wait", "stop", "keep"], fleet.standalone)])
    error_message = "Standalone tasks are waited for (wait), stopped after a while (stop), or keep their host (keep)."
  }

  # A poller that died is started again within a minute, and looks every 15 seconds.
  validation {
    condition     = alltrue([for fleet in values(var.fleets) : fleet.heartbeat_timeout_seconds >= 225 && fleet.heartbeat_timeout_seconds <= 7200])
    error_message = "The heartbeat timeout must be between 225 seconds, so that a poller may die and come back, and 7200, which is the limit of a hook."
  }

  # https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html
  validation {
    condition     = alltrue([for fleet in values(var.fleets) : fleet.deadline_seconds > 0 && fleet.deadline_seconds < min(172800, 100 * fleet.heartbeat_timeout_seconds)])
    error_message = "The deadline must come before AWS ends the lifecycle action, which is after 48 hours or 100 heartbeat timeouts."
  }
}

variable "failures" {
  description = "Queue that keeps sweeps which failed for good or could not be started: the output `queue` of the failure-queue module; null for none."
  type        = object({ arn = string })
  default     = null
}
