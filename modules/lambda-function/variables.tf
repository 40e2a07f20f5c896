variable "platform" {
  description = "What every service of one environment shares; the root configuration makes it once. Optional: a permissions boundary and a path for roles; a key for settings and logs; subnets and security groups that functions run in; tags."
  type = object({
    name_prefix        = string
    region             = string
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
    condition     = can(regex("^/([!-~]+/)?$", var.platform.role_path))
    error_message = "A path of roles begins and ends with a slash, such as /platform/."
  }

  validation {
    condition     = alltrue([for arn in compact([var.platform.permissions_boundary_arn, var.platform.kms_key_arn]) : startswith(arn, "arn:")])
    error_message = "The permissions boundary and the key are named by ARN: an alias or a name would not do in a policy."
  }

  validation {
    condition     = var.platform.network == null ? true : length(var.platform.network.subnet_ids) > 0 && length(var.platform.network.security_group_ids) > 0
    error_message = "Functions in a network need at least one subnet and one security group."
  }
}

variable "further_runtimes" {
  description = "Runtimes that the provider in use takes and version 5.100 does not, such as python3.14."
  type        = list(string)
  default     = []
}

variable "role" {
  description = "The part the function plays, such as report-generator: its name inside the platform and in opsctl."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.role))
    error_message = "The role must be kebab-case, such as report-generator."
  }

  # An account has one set of IAM roles for all its regions, hence the region in the name of the function's own.
  validation {
    condition     = length("${var.platform.name_prefix}-${var.role}-${var.platform.region}") <= 64
    error_message = "The prefix, the role and the region together must be at most 64 characters long, which is the limit of IAM role names: shorten the project, the environment or the role."
  }
}

variable "code" {
  description = "The zip and what runs it: `bucket`, `s3_key` and `key`, the hash of the build's inputs, as the build manifest says; or `file`, a zip on this disk, as `make release` writes them."
  type = object({
    bucket       = optional(string)
    s3_key       = optional(string)
    key          = optional(string)
    file         = optional(string)
    handler      = string
    runtime      = string
    architecture = string
  })

  validation {
    condition     = contains(["arm64", "x86_64"], var.code.architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }

  validation {
    condition     = !can(regex("^python3\\.(1[4-9]|[2-9][0-9])$", var.code.runtime)) || contains(var.further_runtimes, var.code.runtime)
    error_message = "Version 5.100 of the AWS provider does not know the runtime ${var.code.runtime}: build for python3.13, or use a later provider and name the runtime in further_runtimes."
  }

  validation {
    condition     = (var.code.file == null) == (var.code.bucket != null && var.code.s3_key != null && var.code.key != null)
    error_message = "The code is either an object (bucket, s3_key and key) or a zip on this disk (file): say one of them, whole."
  }

  validation {
    condition     = var.code.file == null ? true : fileexists(var.code.file)
    error_message = "There is no zip ${coalesce(var.code.file, "here")}: `make release` in a clone of opsctl writes those of its functions into build/release/."
  }

  validation {
    condition     = var.code.file != null ? true : try(strcontains(var.code.s3_key, var.code.key), true)
    error_message = "The object's name must contain the key of its inputs: code that changes under an unchanged name is never deployed."
  }
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^[A-Z][A-Z0-9_]+$", name))])
    error_message = "Environment variables must be upper case, start with a letter and have at least two characters."
  }

  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
  validation {
    condition     = alltrue([for name in keys(var.environment) : !can(regex("^(AWS_|LAMBDA_|PATH$|PYTHONPATH$|TZ$|LANG$|LD_LIBRARY_PATH$)", name))])
    error_message = "AWS_*, LAMBDA_*, PATH, PYTHONPATH, TZ, LANG and LD_LIBRARY_PATH belong to the Lambda runtime."
  }
}

variable "statements" {
  description = "What the function may do beyond writing its own logs and traces, by sid. `any_resource` is for actions that know no resource."
  type = map(object({
    actions      = list(string)
    resources    = optional(list(string), [])
    any_resource = optional(bool, false)
    conditions = optional(list(object({
      test     = string
      variable = string
      values   = list(string)
    })), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for sid in keys(var.statements) : can(regex("^[A-Z][A-Za-z0-9]+$", sid))])
    error_message = "A sid must read as a sentence in CamelCase, such as ReadUsageEvents."
  }

  validation {
    condition     = alltrue(flatten([for statement in values(var.statements) : [for action in statement.actions : !strcontains(action, "*")]]))
    error_message = "Actions must be named one by one: no * in an action."
  }

  validation {
    condition     = alltrue(flatten([for statement in values(var.statements) : [for resource in statement.resources : resource != "*"]]))
    error_message = "Resources must be named. An action that knows no resource says so with any_resource = true."
  }

  validation {
    condition     = alltrue([for statement in values(var.statements) : statement.any_resource == (length(statement.resources) == 0)])
    error_message = "A statement must either name its resources or set any_resource = true."
  }
}

variable "timeout_seconds" {
  description = "How long one invocation may take."
  type        = number
  default     = 30

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "The timeout must be between 1 and 900 seconds, which is Lambda's limit."
  }
}

variable "memory_mb" {
  description = "Memory of the function; Lambda gives CPU in proportion."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "The memory must be between 128 and 10240 MB, which are Lambda's limits."
  }
}

variable "disk_mb" {
  description = "Room for temporary files."
  type        = number
  default     = 512

  validation {
    condition     = var.disk_mb >= 512 && var.disk_mb <= 10240
    error_message = "The room for temporary files must be between 512 and 10240 MB, which are Lambda's limits."
  }
}

variable "reserved_concurrency" {
  description = "Executions kept for this function, and the most it may have at once; null shares the account's pool."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 1
    error_message = "The reserved concurrency must be at least 1; 0 would switch the function off."
  }
}

variable "on_failure" {
  description = "Queue or topic that gets the record of an asynchronous invocation that failed for good."
  type        = object({ destination_arn = string })
  default     = null

  validation {
    condition     = var.on_failure == null ? true : can(regex("^arn:[a-z-]+:(sqs|sns):", var.on_failure.destination_arn))
    error_message = "The on-failure destination must be the ARN of a queue (sqs) or a topic (sns)."
  }
}

variable "error_alarm_threshold" {
  description = "Errors within five minutes that raise the alarm."
  type        = number
  default     = 1
}

variable "throttle_alarm_threshold" {
  description = "Throttled invocations within five minutes that raise the alarm."
  type        = number
  default     = 1
}
