# SPDX-License-Identifier: Apache-2.0
# Reads the bytes, as decimal numbers, of Kafka's answer to Metadata version 1 about
# all topics and prints: the brokers that it lists, the partitions whose in-sync set
# is not whole, the partitions without a leader.
function number(bytes,    v, i, limit) {
    v = 0
    limit = 1
    for (i = 0; i < bytes; i++) {
        v = v * 256 + byte[at++]
        limit *= 256
    }
    return v >= limit / 2 ? v - limit : v
}

function skip_text(    length_) {
    length_ = number(2)
    at += length_ > 0 ? length_ : 0
}

{
    for (i = 1; i <= NF; i++) {
        byte[count++] = $i
    }
}

END {
    if (count < 12) {
        exit 1
    }
    at = 4 # the correlation id
    brokers = number(4)
    for (i = 0; i < brokers; i++) {
        at += 4 # node
        skip_text() # host
        at += 4 # port
        skip_text() # rack
    }
    at += 4 # the broker to send controllers' requests to, which is any
    topics = number(4)
    behind = leaderless = 0
    for (t = 0; t < topics; t++) {
        at += 2 # error
        skip_text()
        at += 1 # internal
        partitions = number(4)
        for (p = 0; p < partitions; p++) {
            at += 6 # error, partition
            leader = number(4)
            replicas = number(4)
            at += 4 * replicas
            in_sync = number(4)
            at += 4 * in_sync
            leaderless += leader < 0
            behind += in_sync < replicas
        }
    }
    print brokers, behind, leaderless
}
