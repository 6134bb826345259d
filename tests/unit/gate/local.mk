# Unit tests of src/gate.
