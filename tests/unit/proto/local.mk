# Unit tests of src/proto.
