"""The commands of `segsweep`: parse, call, print."""
