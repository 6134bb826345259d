/* SPDX-License-Identifier: Apache-2.0 */
/* reference.c - docs/reference/directives.md from the owners' tables: the
 * page cannot say what the parser does not do. Order of owners and rows. */
#include "conf/tree.h"
#include "conf/unit.h"

static void put_limits(const struct hg_directive *row, struct hg_buf *out) {
    const bool is_number =
        row->type == HG_SLOT_INT || row->type == HG_SLOT_SIZE || row->type == HG_SLOT_DURATION;
    char min[HG_UNIT_TEXT_MAX], max[HG_UNIT_TEXT_MAX];
    if (!is_number || (row->min == 0 && row->max == 0)) {
        return;
    }
    hg_unit_format(row->type, row->min, HG_SLICE("?"), min);
    hg_unit_format(row->type, row->max, HG_SLICE("?"), max);
    if (row->max != 0) {
        hg_buf_printf(out, "- Limits: %s to %s\n", min, max);
    } else {
        hg_buf_printf(out, "- Limits: at least %s\n", min);
    }
}

static void put_context(const struct hg_directive *row, struct hg_buf *out) {
    const char *in = row->in;
    HG_BUF_LIT(out, "- Context: ");
    for (bool is_first = true;; is_first = false) {
        in += strspn(in, " ");
        const size_t n = strcspn(in, " ");
        if (n == 0) {
            break;
        }
        hg_buf_printf(out, "%s%.*s", is_first ? "" : ", ", (int)n, in);
        in += n;
    }
    HG_BUF_LIT(out, "\n");
}

static void put_row(const struct hg_directive *row, struct hg_buf *out) {
    hg_buf_printf(out, "\n### %s\n\n- Syntax: `", row->name);
    hg_conf__slot_syntax(row, out);
    HG_BUF_LIT(out, "`\n");
    if (row->def != NULL && row->def[0] != '\0') {
        hg_buf_printf(out, "- Default: `%s %s;`\n", row->name, row->def);
    } else if (row->type != HG_SLOT_BLOCK) {
        HG_BUF_LIT(out, "- Default: none\n");
    }
    put_context(row, out);
    put_limits(row, out);
    if (row->is_repeatable) {
        hg_buf_printf(out, "- May be repeated%s\n",
                      row->type == HG_SLOT_BLOCK ? "" : ": each line of a block adds");
    }
    if (row->is_local && row->type != HG_SLOT_BLOCK) {
        HG_BUF_LIT(out, "- Not inherited by blocks inside\n");
    }
    if (row->is_at_start) {
        HG_BUF_LIT(out, "- A change needs a restart\n");
    }
    if (row->help != NULL) {
        hg_buf_printf(out, "\n%s\n", row->help);
    }
}

void hg_conf_reference(const struct hg_conf_owner *const *owners, struct hg_buf *out) {
    HG_BUF_LIT(out, "# Directives\n\nMade from the directive tables; do not edit. The language "
                    "itself is described in [configuration.md](../configuration.md).\n");
    for (size_t i = 0; owners[i] != NULL; i++) {
        const struct hg_directive *row = owners[i]->directives;
        if (row == NULL || row->name == NULL) {
            continue;
        }
        hg_buf_printf(out, "\n## %s\n", owners[i]->name);
        for (; row->name != NULL; row++) {
            put_row(row, out);
        }
    }
}
