"""Posting comments: GitHub pull requests and GitLab merge requests, through their REST APIs."""
