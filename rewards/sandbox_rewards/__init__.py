"""Where answers are judged: reward sources, and the sandbox that untrusted code runs in."""
