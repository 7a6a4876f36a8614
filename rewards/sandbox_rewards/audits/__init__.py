"""What a suite's rewards are worth: references, mutants and empty answers, noise under load, and cheats.

Each grades like anyone, through a `Grader`.
"""
