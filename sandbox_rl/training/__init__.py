"""One file an algorithm - SFT, DPO, PPO, reward model, and the pairs that two of them need - and what watches a run: monitors,
canaries, the best policy. It decides nothing between algorithms.
"""
