variable "project" {
  description = "The project's name, first in every AWS-visible name."
  type        = string
}

variable "environment" {
  description = "The environment's name, second in every AWS-visible name."
  type        = string
}

variable "account_id" {
  description = "The AWS account the stack is in."
  type        = string
}

variable "region" {
  description = "The AWS region the stack is in."
  type        = string
}

variable "parts" {
  description = "What each service and the shared data contribute, by role. AWS names, or the ARN for a state machine."
  type = list(object({
    functions      = optional(map(object({ name = string })), {})
    queues         = optional(map(object({ name = string, dead_letter = string, consumer = string })), {})
    state_machines = optional(map(object({ name = string })), {})
    tables         = optional(map(object({ name = string })), {})
    buckets        = optional(map(object({ name = string })), {})
    fleets         = optional(map(object({ name = string, cluster = string })), {})
  }))
}
