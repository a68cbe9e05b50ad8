"""Publishing what an ACME CA looks for: each module implements :class:`edgecert.interfaces.ChallengeSolver`."""
