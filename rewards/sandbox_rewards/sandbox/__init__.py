"""Where untrusted code runs: one runner (standard library only) and the backends that give it a box."""
