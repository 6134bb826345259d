// SPDX-License-Identifier: Apache-2.0
/* browser.mjs CHROMIUM - drives a real browser for browser.py: one
 * command per line on standard input, one answer per line on standard output.
 *
 *   {"do": "open", "url": ...}              -> the page's number
 *   {"do": "run", "page", "source"}         -> the value of a script, awaited
 *   {"do": "click" | "fill" | "select" | "go" | "shut", "page", "at", "value", "url"}
 *   {"do": "faults", "page"}                -> what the page wrote as errors */
import {createInterface} from 'node:readline';

import {chromium} from 'playwright-core';

const browser = await chromium.launch({
    executablePath: process.argv[2], args: ['--no-sandbox', '--disable-background-networking']});
const pages = [];

async function open({url}) {
    const context = await browser.newContext({ignoreHTTPSErrors: true});
    const page = await context.newPage();
    const faults = [];
    page.setDefaultTimeout(20000);
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (m) => m.type() === 'error' && faults.push(m.text()));
    pages.push({page, context, faults});
    await page.goto(url);
    return pages.length - 1;
}

const commands = {
    open,
    run: ({page, source}) => pages[page].page.evaluate(source),
    click: ({page, at}) => pages[page].page.click(at),
    fill: ({page, at, value}) => pages[page].page.fill(at, value),
    select: ({page, at, value}) => pages[page].page.selectOption(at, value),
    go: async ({page, url}) => { await pages[page].page.goto(url); },
    shut: ({page}) => pages[page].context.close(),
    faults: ({page}) => pages[page].faults,
};

for await (const line of createInterface({input: process.stdin})) {
    const command = JSON.parse(line);
    let answer;
    try {
        answer = {value: await commands[command.do](command) ?? null};
    } catch (error) {
        answer = {error: String(error)};
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
