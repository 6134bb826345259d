# Unit tests of src/window.
