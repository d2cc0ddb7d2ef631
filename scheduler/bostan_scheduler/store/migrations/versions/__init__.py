"""One module a version, in order of their numbers. What has been released is never changed."""
