/** Which format a scraper gets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiateFormat } from 'percpu-metrics';
import { negotiateAmong } from '#src/metrics/negotiation.js';
import { weightedList } from '#src/metrics/weighted-list.js';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const TEXT_100 = 'text/plain; version=1.0.0; charset=utf-8';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';
const PROTOBUF_RANGE = PROTOBUF.replaceAll(' ', '');
const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
  'text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;' +
  'q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

test('a scraper gets the best of what it accepts, and the content type says which', () => {
  const cases: [accept: string | undefined, contentType: string][] = [
    [undefined, TEXT],
    ['', TEXT],
    ['*/*', TEXT],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', TEXT],
    ['text/plain', TEXT],
    ['text/*', TEXT],
    ['TEXT/PLAIN; Version="0.0.4"', TEXT],
    ['application/*', OPEN_METRICS],
    ['application/openmetrics-text', OPEN_METRICS],
    [PROMETHEUS_2, OPEN_METRICS],
    [`${PROTOBUF_RANGE},${PROMETHEUS_2.replace('1.0.0', '1.0.0;q=0.8')}`, PROTOBUF],
    [PROMETHEUS_3, `${OPEN_METRICS}; escaping=allow-utf-8`],
    ['text/plain;version=1.0.0', `${TEXT_100}; escaping=underscores`],
    ['text/plain;version=1.0.0;escaping=allow-utf-8', `${TEXT_100}; escaping=allow-utf-8`],
    ['text/plain;version=0.0.4;escaping=values', `${TEXT}; escaping=values`],
    ['text/plain;version=0.0.4;escaping=allow-utf-8', `${TEXT}; escaping=underscores`],
    ['text/plain;escaping=dots', `${TEXT}; escaping=dots`],
    ['text/plain;escaping=upside-down', TEXT],
    [`${PROTOBUF_RANGE};escaping=allow-utf-8`, `${PROTOBUF}; escaping=allow-utf-8`],
    ['text/plain;q=0, */*;q=0.1', OPEN_METRICS],
    ['text/plain;q=0.3, application/openmetrics-text;q=0.2', TEXT],
    ['*/*, application/openmetrics-text', OPEN_METRICS],
    ['text/plain;version=7', TEXT],
    ['application/openmetrics-text;version=0.0.1', TEXT],
    ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text', TEXT],
    ['image/png', TEXT],
    ['text/plain;q=2, application/openmetrics-text;q=0.1', OPEN_METRICS],
    [',;=;"', TEXT],
  ];
  for (const [accept, contentType] of cases) assert.equal(negotiateFormat(accept).contentType, contentType, accept);
});

test('only what is offered is chosen', () => {
  assert.equal(negotiateAmong(PROMETHEUS_2, ['text', 'json'])?.syntax, 'text');
  assert.equal(negotiateAmong('application/json', ['text', 'json'])?.contentType, 'application/json; charset=utf-8');
  assert.equal(negotiateAmong('application/json', ['text']), undefined);
  assert.equal(negotiateAmong('text/plain;q=0', ['text']), undefined);
  assert.equal(negotiateAmong('*/*;q=0', ['text', 'json']), undefined);
  assert.equal(negotiateAmong('*/*', ['openmetrics'])?.syntax, 'openmetrics');
});

test('a header of any length and shape takes one pass', () => {
  for (const piece of ['a/b;', '"', '\\', ' ;q=', ',', 'text/plain; ; ', '*/*;q=1e400']) {
    const startedAt = process.cpuUsage();
    negotiateFormat(piece.repeat(100_000));
    const { user } = process.cpuUsage(startedAt);
    assert.ok(user < 20_000_000, `${piece} took ${user} us`);
  }
});

test('lists keep their order, quotes and what is in them', () => {
  const items = weightedList('a/b;x="1,2;\\"3";q=0.5 , c ; Y = z ;, d;q=x, e;q=-1, ;q=1');
  assert.deepEqual(
    items.map(({ value, parameters, quality }) => [value, Object.fromEntries(parameters), quality]),
    [
      ['a/b', { x: '1,2;"3' }, 0.5],
      ['c', { y: 'z' }, 1],
    ],
  );
});
