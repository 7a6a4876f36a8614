"""The reward sources that ship: tests in the sandbox, reasoning-gym's verifiers, a service, a function of the user's, and
shaping by form. Each scores a batch of answers and knows nothing of mixtures. They run in the grader's process and execute
nothing of an answer there; `gym_verifier` runs in a process of its own.
"""
