"""What is to be solved: tasks, suites and the formats they come in."""
