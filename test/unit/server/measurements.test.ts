/** Counting one thing per request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { numberOf } from '../../support/temporary-store.js';
import { problemIn, serviceApp, temporaryService, valuesOf } from './service-app.js';

test('a counter goes up by one, or by what is said', async (t) => {
  const { service, store } = await temporaryService(t);
  await service.count('/v1/counters/jobs_total', { labels: { queue: 'mail' } });
  await service.count('/v1/counters/jobs_total', { labels: { queue: 'mail' }, value: 2 });
  await service.count('/v1/counters/jobs_total', { labels: { queue: 'mail' }, value: 0.5 });
  await service.count('/v1/counters/jobs_total', { labels: { queue: 'sms' }, value: 0 });
  await service.count('/v1/counters/bare_total', {});
  assert.deepEqual(valuesOf(store), {
    'jobs_total{"queue":"mail"}': 3.5,
    'jobs_total{"queue":"sms"}': 0,
    'bare_total{}': 1,
  });
});

test('a gauge is set, goes up and down, and may be what JSON has no number for', async (t) => {
  const { service, store } = await temporaryService(t);
  const url = '/v1/gauges/level';
  const value = () => numberOf(store, 'level');
  await service.count(url, { value: 7.25 });
  assert.equal(value(), 7.25);
  await service.count(url, { op: 'inc' });
  await service.count(url, { op: 'inc', value: 0.5 });
  await service.count(url, { op: 'dec', value: 3 });
  await service.count(url, { op: 'dec' });
  assert.equal(value(), 4.75);
  await service.count(url, { op: 'dec', value: -1 });
  assert.equal(value(), 5.75);
  await service.count(url, { op: 'set', value: -1 });
  assert.equal(value(), -1);
  for (const [text, number] of [
    ['NaN', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
  ] as const) {
    await service.count(url, { value: text });
    assert.equal(value(), number);
  }
});

test('sums that outgrow what numbers hold wrap around or become infinite, until they are removed or set', async (t) => {
  const { service, store } = await temporaryService(t);
  const most = { type: 'counter', name: 'whole_total', value: Number.MAX_SAFE_INTEGER };
  for (const count of [1000, 24]) await service.count('/v1/batch', { items: Array(count).fill(most) });
  assert.match(await store.metrics(), new RegExp(`^whole_total ${2n ** 63n - 1024n}$`, 'm'));
  await service.count('/v1/batch', { items: [most] });
  assert.match(await store.metrics(), new RegExp(`^whole_total ${2n ** 53n - 2n ** 63n - 1025n}$`, 'm'));
  const large = ['/v1/counters/a_total', '/v1/gauges/b', '/v1/histograms/c'];
  const count = (value: number) =>
    Promise.all(large.map((url) => service.count(url, { value, ...(url === '/v1/gauges/b' && { op: 'inc' }) })));
  for (const _ of [1, 2]) await count(1e308);
  const scrape = await store.metrics();
  for (const line of ['a_total \\+Inf', 'b \\+Inf', 'c_sum \\+Inf', 'c_count 2']) {
    assert.match(scrape, new RegExp(`^${line}$`, 'm'));
  }
  for (const name of ['a_total', 'c']) await service.app.inject({ method: 'DELETE', url: `/v1/metrics/${name}` });
  await service.count('/v1/gauges/b', { value: 5 });
  await count(0.25);
  assert.match(await store.metrics(), /^a_total 0\.25\n(?:.*\n)*b 5\.25\n(?:.*\n)*c_sum 0\.25\nc_count 1$/m);
});

test('a histogram gets the buckets of its first request', async (t) => {
  const { service, store } = await temporaryService(t);
  const url = '/v1/histograms/wait_seconds';
  await service.count(url, { labels: { queue: 'mail' }, value: 0.3, buckets: [0.1, 1] });
  await service.count(url, { labels: { queue: 'mail' }, value: 5 });
  await service.count(url, { labels: { queue: 'sms' }, value: 0.1, buckets: [0.1, 1] });
  await service.count('/v1/histograms/default_seconds', { value: 1 });
  assert.deepEqual(store.find('wait_seconds')?.buckets, [0.1, 1]);
  assert.equal(store.find('default_seconds')?.buckets.length, 11);
  const family = store.snapshot().find(({ name }) => name === 'wait_seconds');
  const mail = family?.series.find(({ labels }) => labels['queue'] === 'mail');
  assert.ok(mail && 'buckets' in mail);
  assert.deepEqual([mail.count, mail.sum, mail.buckets.map(({ count }) => count)], [2, 5.3, [0, 1, 2]]);
});

test('the first request declares the family: sorted label names, and its help', async (t) => {
  const { service, store } = await temporaryService(t);
  await service.count('/v1/counters/a_total', { labels: { zone: 1, app: 'x' }, help: 'What it is.' });
  await service.count('/v1/counters/a_total', { labels: { app: 'x', zone: '1' }, help: 'Something else.' });
  await service.count('/v1/counters/b_total', {});
  assert.deepEqual(store.find('a_total')?.labelNames, ['app', 'zone']);
  assert.equal(store.find('a_total')?.help, 'What it is.');
  assert.notEqual(store.find('b_total')?.help, '');
  assert.equal(valuesOf(store)['a_total{"app":"x","zone":"1"}'], 2);
});

test('a family that an application has declared is used as it is, whatever the order of its labels', async (t) => {
  const { service, store } = await temporaryService(t);
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  const family = other.counter({ name: 'a_total', help: 'Mine.', labelNames: ['zone', 'app'], unit: 'things' });
  family.labels('1', 'x').inc();
  await service.count('/v1/counters/a_total', { labels: { app: 'x', zone: '1' } });
  assert.equal(numberOf(store, 'a_total', { app: 'x', zone: '1' }), 2);
  const own = store.histogram({ name: 'h', help: 'Mine.', labelNames: ['b', 'a'], buckets: [1, 2] });
  own.labels('1', '2').observe(1);
  await service.count('/v1/histograms/h', { labels: { a: '2', b: '1' }, value: 3 });
  assert.equal(valuesOf(store)['h{"b":"1","a":"2"}'], 2);
});

test('requests that contradict the family are conflicts that name both', async (t) => {
  const { service, store } = await temporaryService(t);
  await service.count('/v1/counters/a_total', { labels: { queue: 'mail', zone: '1' } });
  await service.count('/v1/histograms/h', { value: 1, buckets: [1, 2] });
  const before = valuesOf(store);
  const cases: [string, object, string, RegExp][] = [
    ['/v1/gauges/a_total', { labels: { queue: 'a', zone: '' }, value: 1 }, 'ERR_PCM_TYPE_CONFLICT', /counter .* gauge/],
    ['/v1/counters/a_total', {}, 'ERR_PCM_DEFINITION_CONFLICT', /\{queue, zone\}.* no labels/],
    [
      '/v1/counters/a_total',
      { labels: { queue: 'a' } },
      'ERR_PCM_DEFINITION_CONFLICT',
      /\{queue, zone\}.*labels queue; send what the family has, or use another name$/,
    ],
    [
      '/v1/counters/a_total',
      { labels: { zone: 'a', shop: 'b' } },
      'ERR_PCM_DEFINITION_CONFLICT',
      /\{queue, zone\}.* shop, zone; send/,
    ],
    [
      '/v1/histograms/h',
      { value: 1, buckets: [1, 3] },
      'ERR_PCM_DEFINITION_CONFLICT',
      /buckets 1 2.* buckets 1 3; send what/,
    ],
    ['/v1/counters/h_count', {}, 'ERR_PCM_DEFINITION_CONFLICT', /histogram h/],
  ];
  for (const [url, body, code, detail] of cases) {
    const problem = await service.refuse(url, body);
    assert.equal(problem.status, 409, url);
    assert.equal(problem.code, code);
    assert.match(problem.detail, detail);
    assert.equal(problem.index, undefined);
  }
  assert.deepEqual(valuesOf(store), before);
});

test('the families that the service keeps of itself cannot be written to', async (t) => {
  const { service } = await temporaryService(t);
  const labels = { method: 'GET', route: '/', status_code: '200' };
  for (const [url, body] of [
    ['/v1/counters/http_requests_total', { labels }],
    ['/v1/histograms/http_request_duration_seconds', { labels, value: 1 }],
    ['/v1/gauges/http_requests_in_flight', { value: 1 }],
  ] as const) {
    const problem = await service.refuse(url, body);
    assert.deepEqual([problem.status, problem.code], [409, 'ERR_HTTP_RESERVED_NAME']);
  }
});

test('bodies that are wrong are refused with the place and the reason, and count nothing', async (t) => {
  const { service, store } = await temporaryService(t);
  const cases: [string, unknown, RegExp][] = [
    ['/v1/counters/a', { value: -1 }, /body\/value must be >= 0/],
    ['/v1/counters/a', { value: '1' }, /body\/value must be number/],
    ['/v1/counters/a', { value: null }, /body\/value must be number/],
    ['/v1/counters/a', '{"value":1e999}', /body\/value must be number/],
    ['/v1/counters/a', { amount: 1 }, /body has no field "amount"/],
    ['/v1/counters/a', { op: 'set' }, /body has no field "op"/],
    ['/v1/counters/a', [], /body must be object, not \[\]/],
    ['/v1/counters/a', { value: -1 }, /body\/value must be >= 0, not -1/],
    ['/v1/counters/a', 'null', /body must be object/],
    ['/v1/counters/a', { labels: { a: null } }, /body\/labels\/a must be string,number/],
    ['/v1/counters/a', { labels: { a: {} } }, /body\/labels\/a must be/],
    ['/v1/counters/a', '{"labels":{"a":1e999}}', /body\/labels\/a must be/],
    ['/v1/counters/a', { labels: { '': '' } }, /has the name "", which is not allowed/],
    ['/v1/counters/a', { labels: { ['ä'.repeat(201)]: '' } }, /which is not allowed/],
    ['/v1/counters/a', '{"labels":{"\\ud800":""}}', /is no name for a label of a/],
    ['/v1/counters/a', { labels: { __a: '' } }, /"?__a"?.*reserved/],
    [
      '/v1/counters/a',
      { labels: { a: 'x'.repeat(1025) } },
      /must NOT have more than 1024 characters, but 'x+'\.\.\. 925 more characters has 1025$/,
    ],
    [
      '/v1/counters/a',
      '{"labels":{"a":9007199254740993}}',
      /body\/labels\/a must be <= 9007199254740991, not 9007199254740992; send it as a string$/,
    ],
    ['/v1/counters/a', '{"labels":{"a":-1e300}}', /must be >= -9007199254740991, not -1e\+300; send it as a string$/],
    ['/v1/counters/a', { help: '' }, /body\/help must NOT have fewer than 1/],
    ['/v1/gauges/a', {}, /needs the field "value"/],
    ['/v1/gauges/a', { op: 'set' }, /needs the field "value"/],
    ['/v1/gauges/a', { op: 'add', value: 1 }, /body\/op must be one of "set", "inc", "dec"/],
    ['/v1/gauges/a', { value: 'Infinity' }, /body\/value must be number, not .*one of "NaN", "\+Inf", "-Inf"/],
    ['/v1/gauges/a', { op: 'inc', value: 'NaN' }, /body\/value must be number, not 'NaN'/],
    ['/v1/histograms/a', {}, /body needs the field "value"/],
    ['/v1/histograms/a', { value: 'NaN' }, /body\/value must be number/],
    ['/v1/histograms/a', { value: 1, buckets: [2, 1] }, /greater than the one before/],
    ['/v1/histograms/a', { value: 1, buckets: [] }, /fewer than 1 items/],
    ['/v1/histograms/a', { value: 1, labels: { le: '1' } }, /bounds of its buckets/],
    ['/v1/counters/', {}, /params\/name must NOT have fewer than 1/],
    ['/v1/counters/percpu_metrics_x', {}, /kept for metrics of the store itself/],
    [`/v1/counters/${'a'.repeat(201)}`, {}, /more than 200 characters/],
  ];
  for (const [url, body, detail] of cases) {
    const problem = await service.refuse(url, body);
    assert.equal(problem.status, 400, `${url} ${JSON.stringify(body)}`);
    assert.match(problem.detail, detail);
  }
  assert.deepEqual(valuesOf(store), {});
  assert.equal(store.find('a'), undefined);
});

test('names of metrics and labels are any UTF-8, and are escaped for who does not know them', async (t) => {
  const { service, store } = await temporaryService(t);
  const name = `${'\u{1f600}'.repeat(197)} "ü`;
  const labels = { 'http.route': '/a', größe: 'x' };
  await service.count(`/v1/counters/${encodeURIComponent(name)}`, { labels, value: 2 });
  await service.count('/v1/batch', { items: [{ type: 'counter', name, labels }] });
  assert.equal(numberOf(store, name, labels), 3);
  await service.count('/v1/gauges/a%20b', { value: 1 });
  assert.match((await service.get('/metrics')).body, /^a_b 1$/m);
  const { status, body } = await service.get(`/v1/metrics?name=${encodeURIComponent(name)}`);
  assert.equal(status, 200);
  assert.equal((JSON.parse(body) as { families: { name: string }[] }).families[0]?.name, name);
  const { code } = await service.refuse('/v1/batch', '{"items":[{"type":"counter","name":"\\ud800"}]}');
  assert.equal(code, 'ERR_PCM_METRIC_NAME');
});

test('names that objects have by nature are labels like all others', async (t) => {
  const { service, store } = await temporaryService(t);
  const labels = { toString: 'a', hasOwnProperty: 'b', valueOf: 'c' };
  await service.count('/v1/counters/constructor', { labels });
  await service.count('/v1/counters/constructor', { labels });
  assert.equal(numberOf(store, 'constructor', labels), 2);
  const { status, code } = await service.refuse('/v1/counters/other', '{"labels":{"__proto__":"x"}}');
  assert.deepEqual([status, code], [400, 'ERR_PCM_LABEL_NAME']);
  const { detail } = await service.refuse('/v1/counters/other', '{"__proto__":{"value":7}}');
  assert.equal(detail, 'body has no field "__proto__"');
  assert.equal(store.find('other'), undefined);
});

test('bodies of another kind are refused before they are looked at', async (t) => {
  const { service, store } = await temporaryService(t);
  const url = '/v1/counters/a';
  const cases: [string, Record<string, string>, number, string][] = [
    ['value=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'ERR_HTTP_MEDIA_TYPE'],
    ['{}', { 'content-type': 'text/plain' }, 415, 'ERR_HTTP_MEDIA_TYPE'],
    ['{}', { 'content-type': 'nonsense' }, 415, 'ERR_HTTP_MEDIA_TYPE'],
    ['{}', { 'content-type': 'application/json; charset=iso-8859-1' }, 415, 'ERR_HTTP_MEDIA_TYPE'],
    ['{}', { 'content-type': 'application/json;version=1; Charset="UTF-16"' }, 415, 'ERR_HTTP_MEDIA_TYPE'],
    ['{}', { 'content-encoding': 'gzip' }, 415, 'ERR_HTTP_MEDIA_TYPE'],
    ['{}', { 'content-encoding': 'identity, br' }, 415, 'ERR_HTTP_MEDIA_TYPE'],
    ['{"value":x}', {}, 400, 'ERR_HTTP_JSON'],
    ['{"value":', {}, 400, 'ERR_HTTP_JSON'],
    ['', {}, 400, 'ERR_HTTP_JSON'],
    [`{"help":"${'x'.repeat(2 ** 20)}"}`, {}, 413, 'ERR_HTTP_TOO_LARGE'],
    // As deep as bodies can be, closed and not.
    ['['.repeat(2 ** 18) + ']'.repeat(2 ** 18), {}, 400, 'ERR_HTTP_VALIDATION'],
    [`{"labels":{"a":${'{"a":'.repeat(2 ** 16)}1${'}'.repeat(2 ** 16)}}}`, {}, 400, 'ERR_HTTP_VALIDATION'],
    ['['.repeat(2 ** 19), {}, 400, 'ERR_HTTP_JSON'],
  ];
  for (const [body, headers, status, code] of cases) {
    const problem = problemIn(await service.post(url, body, headers));
    assert.deepEqual([problem.status, problem.code], [status, code], body.slice(0, 20));
  }
  assert.deepEqual(valuesOf(store), {});
  for (const headers of [
    { 'content-type': 'application/json; charset="UTF-8"' },
    { 'content-type': 'application/json; charset=us-ascii' },
    { 'content-encoding': 'Identity' },
  ]) {
    assert.equal((await service.post(url, '{}', headers)).status, 204);
  }
  assert.equal((await service.post(url, '\ufeff{"value":2}')).status, 204, 'with a byte order mark');
  assert.equal(numberOf(store, 'a'), 5);
});

test('what is said in the query of a request with a body is refused, as it would not count', async (t) => {
  const { service, store } = await temporaryService(t);
  for (const url of ['/v1/counters/a?value=5', '/v1/gauges/a?value=5', '/v1/histograms/a?x', '/v1/batch?dry']) {
    const item = { value: 1 };
    const body = url.startsWith('/v1/batch') ? { items: [{ type: 'counter', name: 'a', ...item }] } : item;
    const { status, code, detail } = await service.refuse(url, body);
    assert.deepEqual([status, code], [400, 'ERR_HTTP_VALIDATION'], url);
    assert.match(detail, /querystring has no field "(value|x|dry)"/);
  }
  assert.deepEqual(valuesOf(store), {});
});

test('an amount is refused where the store has no room for it, and not dropped', async (t) => {
  for (const [url, body, amount] of [
    ['/v1/counters/jobs_total', { value: 0.5 }, 0.5],
    ['/v1/gauges/level', { op: 'inc', value: 2 }, 2],
    ['/v1/gauges/level', { op: 'dec', value: 0.5 }, -0.5],
  ] as const) {
    const { service, store } = await temporaryService(t, { capacity: 1024 });
    let counted = 0;
    for (let id = 0; id < 1200; id++) {
      const answer = await service.post(url, { labels: { id }, ...body });
      if (answer.status === 204) {
        counted += 1;
        continue;
      }
      const problem = problemIn(answer);
      assert.deepEqual([problem.status, problem.code], [507, 'ERR_PCM_CAPACITY']);
    }
    assert.ok(counted > 0 && counted < 1200, `${counted} counted`);
    const sum = Object.values(valuesOf(store)).reduce((total, value) => total + value, 0);
    assert.equal(sum, counted * amount);
  }
});

test('a store that is only read refuses what would change it', async (t) => {
  const { service: writer, store } = await temporaryService(t);
  await writer.count('/v1/counters/a', {});
  const { AttachedStore } = await import('percpu-metrics/server');
  const source = new AttachedStore(store.path);
  t.after(() => source.close());
  const reader = await serviceApp(t, source);
  for (const url of ['/v1/counters/a', '/v1/gauges/a', '/v1/histograms/a', '/v1/batch']) {
    const problem = await reader.refuse(url, '{"not even": valid');
    assert.deepEqual([problem.status, problem.code], [403, 'ERR_PCM_READ_ONLY'], url);
    assert.ok(problem.detail.includes(store.path));
  }
  assert.deepEqual(valuesOf(store), { 'a{}': 1 });
});
