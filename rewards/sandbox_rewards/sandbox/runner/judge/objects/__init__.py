"""Seal `objects`: the judge's end where tests need the answer's own objects: handles that ask, and callbacks that are answered.

Only a judge that is forked for one answer, and ends with it, uses this.
"""
