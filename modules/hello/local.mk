# Module hello.
