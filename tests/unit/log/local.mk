# Unit tests of src/log.
