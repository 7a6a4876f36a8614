"""Privileged and without content: the processes that fork, limit and end solutions, and the walls that they are put behind
(namespaces, Landlock, the system-call filter). No test, no answer's data and no verdict passes through here.
"""
