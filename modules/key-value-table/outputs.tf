output "table" {
  description = "The table as its users need it: role, name, ARN and the ARN of its index."
  value = {
    role      = var.role
    name      = aws_dynamodb_table.this.name
    arn       = aws_dynamodb_table.this.arn
    index_arn = one([for index in var.index[*] : "${aws_dynamodb_table.this.arn}/index/${index.name}"])
  }
}
