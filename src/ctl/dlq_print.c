/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_print.c - a table of topics, letters in blocks, results in lines. */
#include "ctl/dlq_print.h"

#include "base/base64.h"
#include "base/utf8.h"

/* No more of a body is shown; --data gives all of it. */
enum { SHOWN_BYTES_MAX = 2048 };

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "-";
}

static long long number(const json_t *object, const char *name) {
    return (long long)json_integer_value(json_object_get(object, name));
}

/* Control characters as \xNN, also those of two bytes; a line end begins the
 * next line with indent, or is one of them without. */
static void put_safe(FILE *out, struct hg_slice text, const char *indent) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned char next = i + 1 < text.len ? (unsigned char)text.ptr[i + 1] : 0;
        bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;
        if (c == '\n' && indent != NULL) {
            fprintf(out, "\n%s", indent);
        } else if (c < ' ' || c == 0x7f || is_c1) {
            fprintf(out, "\\x%02x", c);
            if (is_c1) {
                fprintf(out, "\\x%02x", next);
                i++;
            }
        } else {
            fputc(c, out);
        }
    }
}

static void put_line(FILE *out, const char *name, const char *text) {
    fprintf(out, "%-12s", name);
    put_safe(out, hg_slice_of(text), NULL);
    fputc('\n', out);
}

void hg_ctl_dlq_print_list(FILE *out, const json_t *answer) {
    const json_t *topics = json_object_get(answer, "topics"), *topic;
    int width = 5;
    size_t i;
    json_array_foreach(topics, i, topic) {
        int len = (int)strlen(text_of(topic, "topic"));
        width = len > width ? len : width;
    }
    fprintf(out, "%-*s %10s %15s  %-24s  %-24s\n", width, "TOPIC", "LETTERS", "BYTES", "FIRST",
            "LAST");
    json_array_foreach(topics, i, topic) {
        fprintf(out, "%-*s %10lld %15lld  %-24s  %s\n", width, text_of(topic, "topic"),
                number(topic, "letters"), number(topic, "bytes"),
                text_of(json_object_get(topic, "first"), "time"),
                text_of(json_object_get(topic, "last"), "time"));
    }
}

int hg_ctl_dlq_bytes(const json_t *letter, struct hg_buf *out) {
    const char *text =
        json_string_value(json_object_get(json_object_get(letter, "event"), "data_base64"));
    struct hg_slice base64 = hg_slice_of(text);
    size_t len = 0;
    if (text == NULL || hg_buf_reserve(out, base64.len / 4 * 3 + 3) != 0 ||
        hg_base64_decode(base64, out->ptr + out->len, &len) != 0) {
        return HG_EINVAL;
    }
    out->len += len;
    return 0;
}

static void put_headers(FILE *out, const json_t *headers) {
    const json_t *pair;
    size_t i;
    json_array_foreach(headers, i, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));
        fputs("header      ", out);
        put_safe(out, hg_slice_of(name != NULL ? name : "-"), NULL);
        fputs(": ", out);
        put_safe(out, hg_slice_of(value != NULL ? value : "-"), NULL);
        fputc('\n', out);
    }
}

static void put_body(FILE *out, const json_t *letter) {
    struct hg_buf bytes = {.max = 0};
    const char *type = text_of(json_object_get(letter, "event"), "datacontenttype");
    if (hg_ctl_dlq_bytes(letter, &bytes) == 0) {
        bool is_text = hg_utf8_is_valid(bytes.ptr, bytes.len);
        struct hg_slice shown = {bytes.ptr, bytes.len};
        shown.len = shown.len > SHOWN_BYTES_MAX ? SHOWN_BYTES_MAX : shown.len;
        fputs("body        ", out);
        put_safe(out, hg_slice_of(type), NULL);
        fprintf(out, ", %zu bytes%s\n", bytes.len,
                !is_text                ? ", no text: see --data"
                : shown.len < bytes.len ? ", of which the first are"
                                        : "");
        if (is_text && shown.len > 0) {
            fputs("    ", out);
            put_safe(out, shown, "    ");
            fputc('\n', out);
        }
    }
    hg_buf_fini(&bytes);
}

void hg_ctl_dlq_print_letter(FILE *out, const json_t *letter) {
    put_line(out, "letter", text_of(letter, "position"));
    put_line(out, "time", text_of(letter, "time"));
    put_line(out, "reason", text_of(letter, "reason"));
    put_line(out, "detail", text_of(letter, "detail"));
    put_line(out, "principal", text_of(letter, "principal"));
    put_line(out, "sent to", text_of(json_object_get(letter, "event"), "source"));
    put_headers(out, json_object_get(letter, "headers"));
    put_body(out, letter);
    fputc('\n', out);
}

void hg_ctl_dlq_print_result(FILE *out, const json_t *result) {
    const json_t *events = json_object_get(result, "events"), *event;
    const json_t *problem = json_object_get(result, "problem");
    size_t i;
    put_safe(out, hg_slice_of(text_of(result, "letter")), NULL);
    fputc(' ', out);
    put_safe(out, hg_slice_of(text_of(result, "outcome")), NULL);
    json_array_foreach(events, i, event) {
        fprintf(out, "%s %s", i > 0 ? "," : "", text_of(event, "position"));
    }
    if (problem != NULL) {
        fprintf(out, ": %lld ", number(problem, "status"));
        put_safe(out, hg_slice_of(text_of(problem, "title")), NULL);
        fputs(": ", out);
        put_safe(out, hg_slice_of(text_of(problem, "detail")), NULL);
    }
    fputc('\n', out);
}
