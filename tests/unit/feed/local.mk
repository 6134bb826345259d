# Unit tests of src/feed.
