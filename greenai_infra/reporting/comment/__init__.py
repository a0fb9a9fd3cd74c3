"""The comment on a pull request: what a preview says, as Markdown that nothing in the preview can break out of."""
