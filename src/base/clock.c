/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - the two clocks, and times as people and events write them. Knows
 * no time zone and no locale. */
#include "base/clock.h"

#include <time.h>

static const int64_t day_ms = 86400000;

static int64_t read_us(clockid_t id) {
    struct timespec ts;
    int rc = clock_gettime(id, &ts);
    HG_ASSERT(rc == 0);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t hg_clock_mono_us(void) {
    return read_us(CLOCK_MONOTONIC);
}

int64_t hg_clock_mono_ms(void) {
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t hg_clock_wall_ms(void) {
    return read_us(CLOCK_REALTIME) / 1000;
}

static bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 0000-01-01 to the first of January of year >= 0. */
static int64_t days_before_year(int64_t year) {
    int64_t past = year - 1;
    return year == 0 ? 0 : 366 + past * 365 + past / 4 - past / 100 + past / 400;
}

static const int64_t epoch_day = 719528; /* 1970-01-01 counted from 0000-01-01 */

static void put_digits(char *out, int64_t value, int n) {
    for (int i = n - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

size_t hg_clock_format(int64_t wall_ms, char out[HG_CLOCK_RFC3339_MAX]) {
    const int64_t first = -epoch_day * day_ms;
    const int64_t last = (days_before_year(10000) - epoch_day) * day_ms - 1;
    /* RFC 3339 has four digits for the year. */
    wall_ms = wall_ms < first ? first : wall_ms > last ? last : wall_ms;

    int64_t since = wall_ms - first;
    int64_t day = since / day_ms, ms = since % day_ms;
    int year = (int)(day / 366);
    while (days_before_year(year + 1) <= day) {
        year++;
    }
    day -= days_before_year(year);
    int month = 1;
    while (day >= days_in_month(year, month)) {
        day -= days_in_month(year, month);
        month++;
    }
    memcpy(out, "0000-00-00T00:00:00.000Z", 25);
    put_digits(out, year, 4);
    put_digits(out + 5, month, 2);
    put_digits(out + 8, day + 1, 2);
    put_digits(out + 11, ms / 3600000, 2);
    put_digits(out + 14, ms / 60000 % 60, 2);
    put_digits(out + 17, ms / 1000 % 60, 2);
    put_digits(out + 20, ms % 1000, 3);
    return 24;
}

/* n digits at the start of *s, which moves behind them; -1: not there. */
static int take_digits(struct hg_slice *s, size_t n) {
    int value = 0;
    if (s->len < n) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9') {
            return -1;
        }
        value = value * 10 + (s->ptr[i] - '0');
    }
    s->ptr += n;
    s->len -= n;
    return value;
}

static bool take_char(struct hg_slice *s, char upper, char lower) {
    if (s->len == 0 || (s->ptr[0] != upper && s->ptr[0] != lower)) {
        return false;
    }
    s->ptr++;
    s->len--;
    return true;
}

static bool take_field(struct hg_slice *s, char before, int min, int max, int *ret_value) {
    if (!take_char(s, before, before)) {
        return false;
    }
    int value = take_digits(s, 2);
    if (value < min || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* Digits below a millisecond are dropped. */
static bool take_fraction(struct hg_slice *s, int *ret_ms) {
    int ms = 0, n = 0, digit;
    if (take_char(s, '.', '.')) {
        while ((digit = take_digits(s, 1)) >= 0) {
            ms = n < 3 ? ms * 10 + digit : ms;
            n++;
        }
        if (n == 0) {
            return false;
        }
        for (; n < 3; n++) {
            ms *= 10;
        }
    }
    *ret_ms = ms;
    return true;
}

static bool take_offset(struct hg_slice *s, int *ret_minutes) {
    if (take_char(s, 'Z', 'z')) {
        *ret_minutes = 0;
        return true;
    }
    if (s->len == 0 || (s->ptr[0] != '+' && s->ptr[0] != '-')) {
        return false;
    }
    char sign = s->ptr[0];
    int hours, minutes;
    if (!take_field(s, sign, 0, 23, &hours) || !take_field(s, ':', 0, 59, &minutes)) {
        return false;
    }
    *ret_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

int hg_clock_parse(struct hg_slice text, int64_t *ret_wall_ms) {
    struct hg_slice s = text;
    int month, day, hour, minute, second, ms, offset;
    int year = take_digits(&s, 4);
    if (year < 0 || !take_field(&s, '-', 1, 12, &month) ||
        !take_field(&s, '-', 1, days_in_month(year, month), &day) || s.len == 0) {
        return HG_EINVAL;
    }
    if ((s.ptr[0] != 'T' && s.ptr[0] != 't') || !take_field(&s, s.ptr[0], 0, 23, &hour) ||
        !take_field(&s, ':', 0, 59, &minute) || !take_field(&s, ':', 0, 60, &second) ||
        !take_fraction(&s, &ms) || !take_offset(&s, &offset) || s.len != 0) {
        return HG_EINVAL;
    }
    int64_t days = days_before_year(year) - epoch_day + day - 1;
    for (int m = 1; m < month; m++) {
        days += days_in_month(year, m);
    }
    int64_t minutes = days * 1440 + hour * 60 + minute - offset;
    if (second == 60) {
        /* A leap second ends a day of UTC. It counts as the first instant of
         * the next one, as POSIX has it, so that order is kept. */
        if ((minutes + 1) % 1440 != 0) {
            return HG_EINVAL;
        }
        ms = 0;
    }
    *ret_wall_ms = minutes * 60000 + second * 1000 + ms;
    return 0;
}
