variable "project" {
  description = "First part of every AWS-visible name."
  type        = string
  default     = "opsctl"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.project)) && length(var.project) <= 12
    error_message = "The project must be kebab-case and at most 12 characters long, so that bucket names stay under their limit of 63."
  }
}

variable "environment" {
  description = "Second part of every AWS-visible name, such as prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment)) && length(var.environment) <= 12
    error_message = "The environment must be kebab-case and at most 12 characters long, so that bucket names stay under their limit of 63."
  }

  validation {
    condition     = !contains(["state", "artifacts", "bootstrap"], var.environment)
    error_message = "The names state, artifacts and bootstrap are kept for what terraform/bootstrap makes."
  }
}

variable "account_id" {
  description = "The only account that may be changed; null takes that of the credentials."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null ? true : can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has 12 digits."
  }
}

variable "region" {
  description = "AWS region of the environment."
  type        = string
}

variable "artifacts_bucket" {
  description = "Bucket that the functions' zips were pushed to; terraform/bootstrap makes it."
  type        = string
}

variable "build_manifest" {
  description = "Path of the manifest.json of the build whose zips were pushed; `opsctl deploy` makes it and names it."
  type        = string

  validation {
    condition     = fileexists(var.build_manifest)
    error_message = "There is no build manifest at ${var.build_manifest}: `opsctl deploy plan` and `apply` make it and name it."
  }
}

variable "force_destroy" {
  description = "Whether destroying may delete buckets with objects and the tables; for environments that hold nothing of value."
  type        = bool
  default     = false
}

variable "noncurrent_version_days" {
  description = "How long a bucket keeps what was overwritten or deleted; null keeps it for ever."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_version_days == null ? true : var.noncurrent_version_days >= 1
    error_message = "Overwritten objects must be kept for at least one day; null keeps them for ever."
  }
}

variable "log_retention_days" {
  description = "How long the functions' logs are kept."
  type        = number
  default     = 30

  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that hear of every alarm, and of its end."
  type        = list(string)
  default     = []
}

variable "alarm_emails" {
  description = "Mailboxes that hear of every alarm, and of its end. AWS sends each a link first, which somebody must follow."
  type        = list(string)
  default     = []
}

# Of any type, not an object with optional attributes: there null would take the default, and "nothing reserved" could not
# be said. https://developer.hashicorp.com/terraform/language/expressions/type-constraints#optional-object-type-attributes
variable "report_generator" {
  description = "Size and pace of the report generator: timeout_seconds (60), reserved_concurrency (5; null reserves nothing), maximum_concurrency (5), retry_base_seconds (30), athena_above_mb (512). And email = { sender, recipient, identity, configuration_set } for whom it tells of deliveries, the latter two being optional."
  type        = any
  default     = {}

  validation {
    condition     = can(keys(var.report_generator)) && try(length(setsubtract(keys(var.report_generator), ["timeout_seconds", "reserved_concurrency", "maximum_concurrency", "retry_base_seconds", "athena_above_mb", "email"])) == 0, false)
    error_message = "The report generator is set up with timeout_seconds, reserved_concurrency, maximum_concurrency, retry_base_seconds, athena_above_mb and email, and with nothing else."
  }
}

variable "fleets" {
  description = "ECS clusters on Auto Scaling groups of their own, by role such as web, and the services on them. Subnets default to those of the default VPC."
  type = map(object({
    instance_type      = optional(string, "m6i.large")
    image_parameter    = optional(string, "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id")
    minimum_size       = optional(number, 1)
    maximum_size       = number
    subnet_ids         = optional(list(string))
    security_group_ids = optional(list(string))
    session_manager    = optional(bool, false)

    managed_scaling = optional(object({
      target_capacity_percent = optional(number, 100)
      largest_step            = optional(number, 10)
      warmup_seconds          = optional(number, 300)
    }))
    spot = optional(object({
      instance_types      = list(string)
      on_demand_base      = optional(number, 0)
      on_demand_percent   = optional(number, 0)
      allocation_strategy = optional(string, "price-capacity-optimized")
    }))

    drain                     = optional(bool, true)
    managed_draining          = optional(bool, false)
    deadline_seconds          = optional(number, 3600)
    at_deadline               = optional(string, "keep")
    standalone                = optional(string, "wait")
    stop_after_seconds        = optional(number, 900)
    heartbeat_timeout_seconds = optional(number, 1800)

    services = optional(map(object({
      image                   = string
      command                 = optional(list(string))
      daemon                  = optional(bool, false)
      desired_count           = optional(number, 2)
      cpu_units               = optional(number, 256)
      memory_mb               = optional(number, 256)
      container_port          = optional(number)
      stop_timeout_seconds    = optional(number, 30)
      minimum_healthy_percent = optional(number, 100)
      maximum_percent         = optional(number, 200)

      environment     = optional(map(string), {})
      secrets         = optional(map(string), {})
      secret_key_arns = optional(list(string), [])
      statements = optional(map(object({
        actions      = list(string)
        resources    = optional(list(string), [])
        any_resource = optional(bool, false)
        conditions   = optional(list(object({ test = string, variable = string, values = list(string) })), [])
      })), {})
      load_balancer = optional(object({
        target_group_arn           = string
        health_check_grace_seconds = optional(number, 60)
      }))
      health_check = optional(object({
        command              = list(string)
        interval_seconds     = optional(number, 30)
        timeout_seconds      = optional(number, 5)
        retries              = optional(number, 3)
        start_period_seconds = optional(number, 0)
      }))
      scaling = optional(object({
        minimum                    = number
        maximum                    = number
        cpu_percent                = optional(number, 60)
        scale_in_cooldown_seconds  = optional(number, 300)
        scale_out_cooldown_seconds = optional(number, 60)
      }))
    })), {})
  }))
  default = {}
}

variable "account_rules" {
  description = "What the account asks of everything made in it: a permissions boundary and a path for roles, a key for the functions' settings and logs, the network that functions run in, tags."
  type = object({
    permissions_boundary_arn = optional(string)
    role_path                = optional(string, "/")
    kms_key_arn              = optional(string)
    network                  = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    tags                     = optional(map(string), {})
  })
  default = {}
}
