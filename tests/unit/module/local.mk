# Unit tests of src/module.
