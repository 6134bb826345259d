/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "unit/conf/fixture.h"

static void the_page_says_what_the_rows_say(void **state) {
    (void)state;
    static const struct hg_conf_owner empty = {"nothing", NULL, 0, NULL};
    const struct hg_conf_owner *const owners[] = {&fx_core_owner, &empty, &fx_topic_owner, NULL};
    struct hg_buf out = {0};
    hg_conf_reference(owners, &out);
    hg_buf_put(&out, "", 1);
    static const char *const parts[] = {
        "# Directives\n\n",
        "\n## core\n\n### load_module\n\n- Syntax: `load_module NAME;`\n- Default: none\n"
        "- Context: main\n- May be repeated: each line of a block adds\n\nLoads a module.\n",
        "\n### worker_threads\n\n- Syntax: `worker_threads NUMBER;`\n"
        "- Default: `worker_threads 1;`\n- Context: main\n- Limits: 1 to 64\n"
        "- A change needs a restart\n\nEvent loops.\n",
        "- Syntax: `keepalive_timeout TIME;`\n- Default: `keepalive_timeout 75s;`\n"
        "- Context: main, server, location\n- Limits: 0s to 10m\n",
        "- Limits: at least 1s\n",
        "- Syntax: `sendfile on | off;`\n",
        "- Syntax: `mode fast | safe | paranoid;`\n- Default: `mode safe;`\n",
        "- Not inherited by blocks inside\n",
        "- Syntax: `key file:PATH | env:NAME;`\n",
        "\n### server\n\n- Syntax: `server { ... }`\n- Context: main\n",
        "- Syntax: `location [=] PATH { ... }`\n- Context: server\n",
        "\n## topics\n\n### topic\n\n- Syntax: `topic NAME { ... }`\n",
    };
    const char *at = out.ptr;
    for (size_t i = 0; i < HG_COUNT(parts); i++) {
        const char *found = strstr(at, parts[i]);
        if (found == NULL) {
            assert_string_equal(at, parts[i]);
        }
        at = found;
    }
    assert_null(strstr(out.ptr, "nothing"));
    hg_buf_fini(&out);
}

int test_reference(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_page_says_what_the_rows_say)};
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
