"""The reward source `math`: extract an answer, parse it, decide whether it equals the task's."""
