#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
exec tests/modules/log_kafka/test_log_kafka writes
