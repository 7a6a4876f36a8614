"""Grades: the grader that asks each task's sources and combines what they say, and the file that grades are written to."""

from sandbox_rewards.grading.grader import Grader

__all__ = ["Grader"]
