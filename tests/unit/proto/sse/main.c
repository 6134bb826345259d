/* SPDX-License-Identifier: Apache-2.0 */
int test_sse(void);

int main(void) {
    return test_sse() != 0;
}
