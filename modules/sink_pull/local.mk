# Module sink_pull.
