# Unit tests of src/server.
