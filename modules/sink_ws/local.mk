# Module sink_ws.
