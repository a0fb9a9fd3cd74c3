"""Where a comment is posted: GitHub pull requests and GitLab merge requests, through their REST APIs."""
