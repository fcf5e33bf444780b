/** The page of the load test in a real browser: it needs no network, and nothing that is written in it overlaps. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ConsoleMessage, chromium, type Page, type Request } from 'playwright-core';
import { readDocument } from '../../loadtest/report/document.js';
import { renderPage } from '../../loadtest/report/page.js';
import { packageRoot } from '../../loadtest/results.js';
import { scenarios } from '../../loadtest/scenarios/index.js';
import { unlessInstalled } from '../support/debian-package.js';
import { inventedRun } from '../support/loadtest-run.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const skip = unlessInstalled('chromium', 'chromium');
const flags = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const timeout = 120_000;

async function openBrowser(t: TestContext): Promise<Page> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', ...flags, '--disable-component-update', '--disable-sync'],
    timeout,
  });
  t.after(() => browser.close());
  return await browser.newPage({ viewport: { width: 1100, height: 900 } });
}

/** For the page, where there is a DOM: pairs of texts in a drawing that overlap, and texts that leave it. */
const FAULTS = `[...document.querySelectorAll('svg')].flatMap((drawing) => {
  const outer = drawing.getBoundingClientRect();
  const texts = [...drawing.querySelectorAll('text')].map((one) => [one.textContent, one.getBoundingClientRect()]);
  return texts.flatMap(([content, box], index) => [
    ...(box.left < outer.left || box.right > outer.right || box.bottom > outer.bottom ? [content + ' leaves'] : []),
    ...texts.slice(index + 1).flatMap(([other, its]) =>
      box.right <= its.left || its.right <= box.left || box.bottom - 2 <= its.top || its.bottom - 2 <= box.top
        ? [] : [content + ' overlaps ' + other]),
  ]);
})`;
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

/** For the page: of each scenario what it shows, by the name of its section. */
const SHOWN = `Object.fromEntries([...document.querySelectorAll('section')].map((section) => [section.id, {
  charts: [...section.querySelectorAll('svg')].filter((one) => one.getBoundingClientRect().height > 100).length,
  tables: [...section.querySelectorAll('table')].filter((one) => one.rows.length > 1).length,
  sentence: section.querySelector('.verdict')?.innerText ?? '',
}]))`;

/** For the page: headings of tables that cannot be seen whole without being moved. */
const CUT = `[...document.querySelectorAll('.wide')].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText.slice(0, 80))`;

interface Shown {
  charts: number;
  tables: number;
  sentence: string;
}

/** Opens a page and holds it to all that any page is held to. */
async function check(page: Page, path: string, what: string): Promise<void> {
  const url = pathToFileURL(path).href;
  const asked: string[] = [];
  const errors: string[] = [];
  const hearAsked = (request: Request): void => void asked.push(request.url());
  const hearMessage = (message: ConsoleMessage): void => void errors.push(message.text());
  const hearError = (error: Error): void => void errors.push(error.message);
  page.on('request', hearAsked).on('console', hearMessage).on('pageerror', hearError);
  await page.goto(url);
  assert.deepEqual(asked, [url], what);
  assert.deepEqual(await page.evaluate(FAULTS), [], what);
  assert.equal(await page.evaluate(OVERFLOW), 0, `${what}: the page is as wide as its window`);
  assert.deepEqual(errors, [], what);
  page.off('request', hearAsked).off('console', hearMessage).off('pageerror', hearError);
}

test('the page asks for nothing, reports no error, and nothing written in its charts overlaps', {
  skip,
  timeout,
}, async (t) => {
  const page = await openBrowser(t);
  const directory = temporaryDirectory(t);
  // From machines that are far slower and far faster than any: no text may depend on that for its place.
  for (const factor of [1e-4, 1, 37, 1e5]) {
    const path = join(directory, `${factor}.html`);
    await writeFile(path, renderPage(inventedRun(factor), inventedRun(1)));
    await check(page, path, `values times ${factor}`);
  }
});

test('the page of the published run has a chart, a table and a sentence for each scenario, and the same holds for it', {
  skip,
  timeout,
}, async (t) => {
  const path = join(temporaryDirectory(t), 'published.json');
  await copyFile(join(packageRoot, 'loadtest', 'results', 'published-loadtest.json'), path);
  const command = fileURLToPath(new URL('../../loadtest/main.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [command, '--report', path], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const page = await openBrowser(t);
  await check(page, path.replace(/json$/, 'html'), 'the published run');
  assert.deepEqual(await page.evaluate(CUT), []);
  const shown = (await page.evaluate(SHOWN)) as Record<string, Shown>;
  const run = await readDocument(path);
  assert.deepEqual(
    run.scenarios.map(({ name }) => name),
    scenarios.map(({ name }) => name),
  );
  for (const { name, verdict } of run.scenarios) {
    const { charts = 0, tables = 0, sentence = '' } = shown[name] ?? {};
    assert.ok(charts > 0 && tables > 0, `${name}: ${charts} charts, ${tables} tables`);
    assert.equal(sentence, verdict);
  }
});
