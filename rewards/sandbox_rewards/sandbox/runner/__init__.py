"""The program inside the box. Standard library only: it travels as text into whatever Python is there.

judge (trusted: tests, expected values, verdict)  ── control socket ──►  zygote (forks, limits, kills)
  │  data-only calls over a socket pair                                     │ fork + namespaces + uid
  ▼                                                                         ▼
solution (untrusted, one process per run, dead before its grade is given)
"""
