"""What the lines of a Lambda function's log say: a line, its parsing, Lambda's own lines, and the order of a stream."""
