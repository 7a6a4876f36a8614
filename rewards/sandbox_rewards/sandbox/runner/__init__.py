"""The program inside the box. Standard library only: it travels as text into any Python from 3.11 on.

steward (first process: ends the box)
  └ judge (trusted: tests, expected values, verdict)  ── control socket ──►  zygote (forks, watches memory, kills)
      │  │ sources ─► ◄─ code                                                  │ fork + namespaces + uid
      │  └ compiler (runs nothing)                                             ▼
      └─ data-only calls over a socket pair ──►  solution (untrusted: a process for each run, in style `stdio` for each case;
                                                 it limits itself before any code runs, and is dead before its grade is given)

Whose side a line is on is told by its folder: `wire` (both sides), `solution` (untrusted), `cell` (privileged, without content),
`judge` (trusted). Imports go one way: wire <- solution <- cell <- judge <- main.
"""
