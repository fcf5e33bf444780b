/** The page of the load test in a real browser: it needs no network, and nothing that is written in it overlaps. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { renderPage } from '../../loadtest/report/page.js';
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

test('the page asks for nothing, reports no error, and nothing written in its charts overlaps', {
  skip,
  timeout,
}, async (t) => {
  const page = await openBrowser(t);
  const asked: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  const directory = temporaryDirectory(t);
  // From machines that are far slower and far faster than any: no text may depend on that for its place.
  for (const factor of [1e-4, 1, 37, 1e5]) {
    const path = join(directory, `${factor}.html`);
    await writeFile(path, renderPage(inventedRun(factor), inventedRun(1)));
    const url = pathToFileURL(path).href;
    asked.length = 0;
    await page.goto(url);
    assert.deepEqual(asked, [url]);
    assert.deepEqual(await page.evaluate(FAULTS), [], `values times ${factor}`);
    assert.equal(await page.evaluate(OVERFLOW), 0, 'the page is as wide as its window');
  }
  assert.deepEqual(errors, []);
});
