# Unit tests of src/event.
