"""What `init` writes: a project, the files of CI, the training image."""
