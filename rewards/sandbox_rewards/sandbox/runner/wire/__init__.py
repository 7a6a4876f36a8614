"""Both sides of the trust boundary: the data that crosses it, and what each side must know to read it.

Nothing here decides, holds a test or runs an answer. A line here may run in any process of the box, and `channel` and
`languages` in the host too.
"""
