"""Blobs by key, in a folder or in an S3 bucket; what several processes agree on by them."""
