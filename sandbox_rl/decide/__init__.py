"""What people decide from: comparisons of policies, their conclusions in words, and the report."""
