"""`python -m sandbox_rl`, as launchers of several processes start it."""

from sandbox_rl.cli import main

main()
