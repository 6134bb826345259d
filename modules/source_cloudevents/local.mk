# Module source_cloudevents.
