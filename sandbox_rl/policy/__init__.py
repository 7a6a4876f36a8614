"""The model: how it is loaded, adapted, sharded and saved, what it says (sampling, conversations), and how often that is right.
Nothing here changes a weight.
"""
