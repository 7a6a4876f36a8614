"""Untrusted: what runs in the process of an answer, after it lost its privileges.

It never sees a test, an expected value or a verdict, and the answer can change all of it, so nothing here decides anything.
"""
