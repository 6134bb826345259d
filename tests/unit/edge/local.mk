# Unit tests of src/edge.
