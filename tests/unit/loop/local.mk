# Unit tests of src/loop.
