# Sources of this room.
libheadgate_a_SOURCES +=
