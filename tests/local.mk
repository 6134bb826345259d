# Unit tests: each room has one binary, listed in tests/unit/ROOM/local.mk,
# with one test_FILE.c for each FILE.c of the room.
include tests/unit/base/local.mk
include tests/unit/conf/local.mk
include tests/unit/loop/local.mk
include tests/unit/event/local.mk
include tests/unit/net/local.mk
include tests/unit/proto/local.mk
include tests/unit/fetch/local.mk
include tests/unit/log/local.mk
include tests/unit/right/local.mk
include tests/unit/window/local.mk
include tests/unit/gate/local.mk
include tests/unit/feed/local.mk
include tests/unit/edge/local.mk
include tests/unit/module/local.mk
include tests/unit/ctl/local.mk
include tests/unit/server/local.mk
include tests/modules/local.mk
include tests/support/local.mk
include tests/targets.mk
