output "stack" {
  description = "Everything the platform consists of, by role: the same as in the SSM parameter."
  value       = module.stack_description.stack
}

output "stack_parameter" {
  description = "Name of the SSM parameter that opsctl reads the stack from."
  value       = module.stack_description.parameter
}
