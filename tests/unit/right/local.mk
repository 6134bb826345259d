# Unit tests of src/right.
