# Module log_embedded.
