# Tests of the modules, through the door.
