# Module sink_sse.
