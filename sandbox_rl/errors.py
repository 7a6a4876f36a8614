"""What can go wrong, as one tree.

SandboxRLError
├── UserError       the user can mend it; the message says the fact, the conflict and the fix
└── TrainingError   the numbers went wrong (a loss that is not finite)
"""


class SandboxRLError(Exception):
    """Base of this package's errors."""


class UserError(SandboxRLError):
    """Something that the user can mend."""


class TrainingError(SandboxRLError):
    """Training cannot go on with these numbers."""
