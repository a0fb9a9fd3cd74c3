"""A Pulumi project on disk: its file, its stacks' files, and editing them as their author wrote them."""
