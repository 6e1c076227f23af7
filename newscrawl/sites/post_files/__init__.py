"""Jekyll post files in folders, git checkouts and tarballs."""
