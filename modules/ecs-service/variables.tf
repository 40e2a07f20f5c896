variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type = object({
    name_prefix        = string
    region             = string
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
  description = "The fleet that the tasks run on: its role, and its cluster's ARN."
  type        = object({ role = string, cluster_arn = string })
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
