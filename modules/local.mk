# Each module's folder brings a local.mk of its own.
include modules/log_embedded/local.mk
include modules/log_kafka/local.mk
include modules/source_cloudevents/local.mk
include modules/sink_sse/local.mk
include modules/sink_ws/local.mk
include modules/sink_pull/local.mk
include modules/hello/local.mk
include modules/file/local.mk
