"""AMIs as state: records, who sees and may launch them, how they are made, copied, shared, deprecated and described."""
