"""What a team looks at in a browser: the sweeps of a tracking store, their progress and their reports, over HTTP."""
