/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - see answer.h. */
#include "proto/http/answer.h"

#include <stdio.h>
#include <time.h>

#include "proto/http/chars.h"

struct status_row {
    int status;
    const char *reason;
    const char *slug; /* of the refusals that come from here */
};

static const struct status_row rows[] = {
    {100, "Continue", NULL},
    {101, "Switching Protocols", NULL},
    {200, "OK", NULL},
    {201, "Created", NULL},
    {202, "Accepted", NULL},
    {204, "No Content", NULL},
    {206, "Partial Content", NULL},
    {301, "Moved Permanently", NULL},
    {302, "Found", NULL},
    {303, "See Other", NULL},
    {304, "Not Modified", NULL},
    {307, "Temporary Redirect", NULL},
    {308, "Permanent Redirect", NULL},
    {400, "Bad Request", "request-invalid"},
    {401, "Unauthorized", NULL},
    {403, "Forbidden", NULL},
    {404, "Not Found", NULL},
    {405, "Method Not Allowed", "method-not-allowed"},
    {406, "Not Acceptable", NULL},
    {408, "Request Timeout", "timeout"},
    {409, "Conflict", NULL},
    {410, "Gone", NULL},
    {411, "Length Required", NULL},
    {412, "Precondition Failed", NULL},
    {413, "Content Too Large", NULL},
    {414, "URI Too Long", "target-too-long"},
    {415, "Unsupported Media Type", NULL},
    {416, "Range Not Satisfiable", NULL},
    {417, "Expectation Failed", "expectation-failed"},
    {421, "Misdirected Request", NULL},
    {422, "Unprocessable Content", NULL},
    {426, "Upgrade Required", "upgrade-required"},
    {428, "Precondition Required", NULL},
    {429, "Too Many Requests", NULL},
    {431, "Request Header Fields Too Large", "fields-too-large"},
    {500, "Internal Server Error", NULL},
    {501, "Not Implemented", "not-implemented"},
    {502, "Bad Gateway", NULL},
    {503, "Service Unavailable", "overloaded"},
    {504, "Gateway Timeout", NULL},
    {505, "HTTP Version Not Supported", "version-unsupported"},
};

static const struct status_row *find_row(int status) {
    size_t low = 0, high = HG_COUNT(rows);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rows[middle].status == status) {
            return &rows[middle];
        }
        if (rows[middle].status < status) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const char *hg_http_reason(int status) {
    const struct status_row *row = find_row(status);
    return row != NULL ? row->reason : "Unknown";
}

static void put_digits(char *out, unsigned value) {
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

void hg_http_date_format(int64_t wall_s, char *out) {
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1 January 1970 was a Thursday */
    static const char months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
    int64_t day = wall_s / 86400;
    unsigned second = (unsigned)(wall_s % 86400);
    /* Years that begin in March put the leap day at the end: then months and
     * leap years fall out of divisions. 719468 days lie before 1970. */
    int64_t z = day + 719468;
    unsigned of_era = (unsigned)(z % 146097);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153;
    unsigned full_year = (unsigned)(z / 146097 * 400) + year + (month >= 10 ? 1 : 0);
    memcpy(out, days + 3 * (day % 7), 3);
    memcpy(out + 3, ", ", 2);
    put_digits(out + 5, of_year - (153 * month + 2) / 5 + 1);
    out[7] = ' ';
    memcpy(out + 8, months + 3 * (size_t)month, 3);
    out[11] = ' ';
    put_digits(out + 12, full_year / 100 % 100);
    put_digits(out + 14, full_year % 100);
    out[16] = ' ';
    put_digits(out + 17, second / 3600);
    out[19] = ':';
    put_digits(out + 20, second / 60 % 60);
    out[22] = ':';
    put_digits(out + 23, second % 60);
    memcpy(out + 25, " GMT", 4);
}

struct hg_slice hg_http_date(void) {
    /* A cache and no state: each thread works out the same text once a second
     * instead of once an answer. */
    static _Thread_local char text[HG_HTTP_DATE_LEN];
    static _Thread_local int64_t text_s;
    int64_t now_s = time(NULL);
    if (now_s != text_s) {
        hg_http_date_format(now_s, text);
        text_s = now_s;
    }
    return (struct hg_slice){text, HG_HTTP_DATE_LEN};
}

static bool is_reserved(struct hg_slice name) {
    switch (name.len) {
    case 4:
        return hg_slice_eq(name, HG_SLICE("date"));
    case 6:
        return hg_slice_eq(name, HG_SLICE("server"));
    case 7:
        return hg_slice_eq(name, HG_SLICE("upgrade"));
    case 10:
        return hg_slice_eq(name, HG_SLICE("connection")) ||
               hg_slice_eq(name, HG_SLICE("keep-alive"));
    case 17:
        return hg_slice_eq(name, HG_SLICE("transfer-encoding"));
    default:
        return false;
    }
}

bool hg_http_field_is_ours(const struct hg_field *field) {
    return field->name.len > 0 && hg_http_all(field->name, HG_HTTP_NAME) &&
           hg_http_all(field->value, HG_HTTP_VALUE) && !is_reserved(field->name);
}

size_t hg_http_refusal_print(int status, const char *text, char out[HG_HTTP_REFUSAL_MAX]) {
    const struct status_row *row = find_row(status);
    HG_ASSERT(row != NULL && row->slug != NULL);
    int n = snprintf(out, HG_HTTP_REFUSAL_MAX,
                     "{\"type\":\"urn:headgate:problem:%s\",\"title\":\"%s\",\"status\":%d,"
                     "\"detail\":\"%s\"}",
                     row->slug, row->reason, status, text);
    HG_ASSERT(n > 0 && n < HG_HTTP_REFUSAL_MAX);
    return (size_t)n;
}

const struct hg_field *hg_http_refusal_fields(int status, size_t *ret_n) {
    static const struct hg_field fields[] = {
        {{"content-type", 12}, {"application/problem+json", 24}},
        {{"allow", 5}, {"GET, HEAD, POST, OPTIONS", 24}}, /* only with 405 */
    };
    static const struct hg_field upgrade[] = {
        {{"content-type", 12}, {"application/problem+json", 24}},
        {{"sec-websocket-version", 21}, {"13", 2}},
    };
    *ret_n = status == 405 || status == 426 ? 2 : 1;
    return status == 426 ? upgrade : fields;
}

void hg_http_refusal_tell(const struct hg_stream_ops *ops, struct hg_conn *c, struct hg_stream *s,
                          int status, const struct hg_http_head *head) {
    const struct status_row *row = find_row(status);
    HG_ASSERT(row != NULL); /* what is refused is refused with a status of ours */
    const struct hg_http_refusal r = {status, row->slug, head};
    if (ops->on_refused != NULL) {
        ops->on_refused(c, s, &r);
    }
}
