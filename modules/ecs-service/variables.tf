variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type = object({
    name_prefix        = string
    partition          = string
    region             = string
    account_id         = string
    log_retention_days = number
  })
}

variable "role" {
  description = "What the service does, such as editor: its name in the cluster."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.role)) && length(var.role) <= 40
    error_message = "The role must be kebab-case and at most 40 characters long, such as editor."
  }
}

variable "fleet" {
  description = "The fleet that the tasks run on: its role, its cluster's ARN, and the capacity provider of one with managed scaling."
  type        = object({ role = string, cluster_arn = string, capacity_provider = optional(string) })
}

variable "image" {
  description = "Image of the container, with a tag or a digest."
  type        = string
}

variable "command" {
  description = "What the container runs instead of its image's own command."
  type        = list(string)
  default     = null
}

variable "environment" {
  description = "Environment variables of the container, by name; nothing secret, for everybody who sees the task definition sees them."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variables whose values are secret, by name: ARNs of SSM parameters, or of Secrets Manager's secrets with or without a JSON key behind them."
  type        = map(string)
  default     = {}

  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:[a-z-]+:(ssm:[a-z0-9-]+:[0-9]{12}:parameter/.+|secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^:]+(:[^:]*:[^:]*:[^:]*)?)$", arn))])
    error_message = "A secret is named by the ARN of an SSM parameter (arn:aws:ssm:…:parameter/name) or of a Secrets Manager secret (arn:aws:secretsmanager:…:secret:name-AbCdEf, and :key:: behind it for one key of its JSON)."
  }
}

variable "secret_key_arns" {
  description = "KMS keys of your own that the secrets are encrypted with; AWS's own keys need none."
  type        = list(string)
  default     = []
}

variable "statements" {
  description = "What the containers may do, by sid; without any they have no role. `any_resource` is for actions that know no resource."
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

variable "load_balancer" {
  description = "Target group that the tasks serve behind, and how long a new task may fail its health checks. Its listener must exist before: take the ARN from what depends on it."
  type = object({
    target_group_arn           = string
    health_check_grace_seconds = optional(number, 60)
  })
  default = null

  validation {
    condition     = var.load_balancer == null ? true : can(regex(":targetgroup/", var.load_balancer.target_group_arn))
    error_message = "The load balancer is named by the ARN of a target group (arn:aws:elasticloadbalancing:…:targetgroup/…): of the type instance, because the tasks listen on ports of their hosts."
  }

  validation {
    condition     = var.load_balancer == null ? true : var.load_balancer.health_check_grace_seconds >= 0
    error_message = "The grace period cannot be negative."
  }
}

variable "health_check" {
  description = "Command that says by its exit code whether the container is healthy, and how it is asked; null for none."
  type = object({
    command              = list(string)
    interval_seconds     = optional(number, 30)
    timeout_seconds      = optional(number, 5)
    retries              = optional(number, 3)
    start_period_seconds = optional(number, 0)
  })
  default = null

  validation {
    condition     = var.health_check == null ? true : length(var.health_check.command) > 1 && contains(["CMD", "CMD-SHELL"], var.health_check.command[0])
    error_message = "The command begins with CMD (words) or CMD-SHELL (one line for the shell): [\"CMD-SHELL\", \"/app/healthy || exit 1\"]."
  }

  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
  validation {
    condition = var.health_check == null ? true : alltrue([
      var.health_check.interval_seconds >= 5, var.health_check.interval_seconds <= 300,
      var.health_check.timeout_seconds >= 2, var.health_check.timeout_seconds <= 60,
      var.health_check.retries >= 1, var.health_check.retries <= 10,
      var.health_check.start_period_seconds >= 0, var.health_check.start_period_seconds <= 300,
    ])
    error_message = "ECS asks every 5 to 300 seconds, waits 2 to 60 for the answer, retries 1 to 10 times, and lets a container start for at most 300 seconds."
  }
}

variable "scaling" {
  description = "How many tasks run at least and at most, and the average CPU that ECS aims at; null for desired_count tasks. Choose when the service is made: README.md says how to change it."
  type = object({
    minimum                    = number
    maximum                    = number
    cpu_percent                = optional(number, 60)
    scale_in_cooldown_seconds  = optional(number, 300)
    scale_out_cooldown_seconds = optional(number, 60)
  })
  default = null

  validation {
    condition     = var.scaling == null ? true : var.scaling.minimum >= 1 && var.scaling.minimum <= var.scaling.maximum
    error_message = "The fewest tasks must be at least 1, because none have a CPU to measure, and at most the most."
  }

  validation {
    condition     = var.scaling == null ? true : var.scaling.cpu_percent >= 10 && var.scaling.cpu_percent <= 95
    error_message = "The CPU to aim at must be between 10 and 95 per cent of what a task reserves."
  }
}

variable "daemon" {
  description = "Whether one task runs on every host. Daemons are the last to leave a draining host."
  type        = bool
  default     = false
}

variable "desired_count" {
  description = "How many tasks run; a daemon has one for each host."
  type        = number
  default     = 2

  validation {
    condition     = var.desired_count >= 0
    error_message = "The desired count cannot be negative."
  }
}

variable "cpu_units" {
  description = "CPU that a task reserves: 1024 units are one virtual CPU."
  type        = number
  default     = 256
}

variable "memory_mb" {
  description = "Memory that a task reserves, and may not exceed."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 6
    error_message = "ECS starts no container with less than 6 MB."
  }
}

variable "container_port" {
  description = "Port that the container listens on; it gets a port of the host's that is free. Null for one that serves nobody."
  type        = number
  default     = null
}

variable "stop_timeout_seconds" {
  description = "How long a task may take to end after SIGTERM, before it is killed."
  type        = number
  default     = 30

  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
  validation {
    condition     = var.stop_timeout_seconds > 0
    error_message = "A task needs a moment to end: the stop timeout must be at least a second."
  }
}

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
variable "minimum_healthy_percent" {
  description = "How many of the desired tasks must stay healthy while a host drains or a deployment runs."
  type        = number
  default     = 100

  validation {
    condition     = var.minimum_healthy_percent >= 0 && var.minimum_healthy_percent <= 100
    error_message = "The minimum must be between 0 and 100 per cent."
  }
}

variable "maximum_percent" {
  description = "How many of the desired tasks may run or start while a host drains or a deployment runs."
  type        = number
  default     = 200
}
