/* SPDX-License-Identifier: Apache-2.0 */
/* problems.c - the table of problem types. */
#include "gate/problems.h"

struct problem_type {
    const char *slug;
    const char *status;
    const char *title;
    const char *help;
};

static const struct problem_type types[] = {
    {"request-invalid", "400", "Bad request",
     "The request breaks the rules of HTTP, or the admin listener cannot tell what it wants."},
    {"query-invalid", "400", "Unknown or wrong query parameter",
     "A parameter of a stream is not known or its value cannot be read. A mistyped filter must "
     "not widen a stream."},
    {"position-invalid", "400", "Not a position",
     "A position is a token that this gateway has given out; it was cut or altered."},
    {"json-invalid", "400", "Not JSON", "The body, or JSON data, breaks RFC 8259."},
    {"event-invalid", "400", "Not a CloudEvent",
     "A required attribute is missing or a value is not what CloudEvents 1.0 allows. pointer "
     "names the member, index the event of a batch."},
    {"type-reserved", "400", "Type of the gateway's own",
     "Types that begin with headgate. are those of the gateway's notices and dead letters; "
     "nobody else's events have such a type. index names the event of a batch."},
    {"unauthenticated", "401", "Authentication needed",
     "The location asks who is calling and the request did not prove it."},
    {"forbidden", "403", "Not allowed", "No role of the caller has a rule that allows this."},
    {"log-denied", "403", "Refused by the event log",
     "The cluster does not let the gateway write to this topic; whoever runs it can. Nothing was "
     "stored."},
    {"origin-refused", "403", "Origin not allowed",
     "A browser page of this origin may not open a stream here."},
    {"not-found", "404", "Not found", "No location has this path."},
    {"topic-unknown", "404", "No such topic",
     "The topic does not exist, or the location does not allow it."},
    {"method-not-allowed", "405", "Method not allowed", "Allow lists what the location takes."},
    {"not-acceptable", "406", "Not acceptable", "No sink of the location fits the request."},
    {"timeout", "408", "Request timeout", "The request did not arrive in time."},
    {"id-conflict", "409", "Same id, other content",
     "An event with this source and id is stored with other content. Nothing was stored."},
    {"position-conflict", "409", "Not the last position",
     "The expected position is not the topic's last any more. Nothing was stored."},
    {"body-too-large", "413", "Body too large", "The body is above client_max_body_size."},
    {"event-too-large", "413", "Event too large",
     "The event log cannot keep an event of this size."},
    {"batch-too-large", "413", "Too many events", "The batch holds more events than allowed."},
    {"target-too-long", "414", "Target too long", "The path and query are above the limit."},
    {"media-type-unsupported", "415", "Unsupported media type",
     "The location does not take this Content-Type; Accept-Post lists what it takes."},
    {"expectation-failed", "417", "Expectation failed", "Only 100-continue is known."},
    {"misdirected", "421", "Misdirected request",
     "The connection's server name and the request's authority belong to different servers."},
    {"upgrade-required", "426", "Upgrade required", "Only WebSocket version 13 is spoken."},
    {"fields-too-large", "431", "Header fields too large",
     "Number or size of fields is above the limit."},
    {"internal", "500", "Internal error", "A part of the gateway failed; the error log says why."},
    {"not-implemented", "501", "Not implemented", "The method or transfer coding is not known."},
    {"overloaded", "503", "Overloaded",
     "Too much is waiting to be stored. Nothing was stored; come back after Retry-After."},
    {"log-full", "503", "Log full",
     "The event log has no room. Nothing was stored; come back after Retry-After."},
    {"log-failed", "503", "Log failed",
     "The event log could not write. Nothing was stored; come back after Retry-After."},
    {"partly-stored", "503", "Partly stored",
     "Some events of the batch are stored, the others are not; events says which. Send all again "
     "unchanged after Retry-After: what is there already is not stored twice."},
    {"draining", "503", "Going away", "The gateway is shutting down; connect again."},
    {"in-doubt", "504", "In doubt",
     "The events may have been stored. Send them again unchanged: what is there already is not "
     "stored twice."},
    {"version-unsupported", "505", "HTTP version not supported", "HTTP/1.1 and HTTP/2 are spoken."},
};

const char *hg_problem_title(const char *slug) {
    for (size_t i = 0; i < HG_COUNT(types); i++) {
        if (strcmp(types[i].slug, slug) == 0) {
            return types[i].title;
        }
    }
    return slug;
}

void hg_problems_reference(struct hg_buf *out) {
    HG_BUF_LIT(out,
               "# Problems\n\nEvery refusal is `application/problem+json` (RFC 9457). `type` is "
               "`" HG_PROBLEM_URI "` and one of these names; it never changes its meaning.\n\n"
               "| type | status | title | meaning |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < HG_COUNT(types); i++) {
        hg_buf_printf(out, "| `%s` | %s | %s | %s |\n", types[i].slug, types[i].status,
                      types[i].title, types[i].help);
    }
}
