# Unit tests of src/fetch.
