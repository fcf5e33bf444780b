/** What requests were about, beside their counts and durations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exemplarsOf } from '../../support/exemplars-of.js';
import { durationsOf, inFlightOf, observedApp, requestsOf } from './observed-app.js';

test('the exemplar of a request is with its count and its duration', async (t) => {
  const { app, store } = await observedApp(t, {
    buckets: [60],
    exemplar: ({ headers }) => {
      const trace = headers['x-trace'];
      return typeof trace === 'string' ? { trace_id: trace } : undefined;
    },
  });
  app.get('/a', async () => 'a');
  const before = performance.now();
  await app.inject({ url: '/a', headers: { 'x-trace': 'first' } });
  await app.inject({ url: '/a', headers: { 'x-trace': 'last' } });
  await app.inject('/a');
  const most = (performance.now() - before) / 1000;
  const labels = 'method="GET",route="/a",status_code="200"';
  const {
    [`http_requests_total{${labels}}`]: request,
    [`http_request_duration_seconds_bucket{${labels},le="60.0"}`]: duration = '',
    ...others
  } = await exemplarsOf(store);
  assert.deepEqual(others, {});
  assert.equal(request, '{trace_id="last"} 1');
  const seconds = Number(/^\{trace_id="last"\} (\S+)$/.exec(duration)?.[1]);
  assert.ok(seconds > 0 && seconds < most, `${seconds} s of ${most} s`);
  assert.deepEqual(requestsOf(store), { 'GET /a 200': 3 });
  assert.deepEqual(durationsOf(store), { 'GET /a 200': 3 });
  assert.equal(inFlightOf(store), 0);
});

test('a function that fails loses no request, and is reported once', async (t) => {
  const { app, store } = await observedApp(t, {
    exemplar: () => {
      throw new Error('no trace');
    },
  });
  const warn = t.mock.method(app.log, 'warn', () => {});
  app.get('/a', async () => 'a');
  for (let i = 0; i < 3; i += 1) await app.inject('/a');
  assert.equal(warn.mock.callCount(), 1);
  assert.match(String(warn.mock.calls[0]?.arguments[1]), /some responses have no exemplar/);
  assert.deepEqual(requestsOf(store), { 'GET /a 200': 3 });
  assert.deepEqual(await exemplarsOf(store), {});
});

test('without the option nothing is noted, also where the store has exemplars of its own', async (t) => {
  const { app, store } = await observedApp(t, {}, { exemplar: () => ({ trace_id: 'x' }) });
  app.get('/a', async () => 'a');
  await app.inject('/a');
  assert.deepEqual(requestsOf(store), { 'GET /a 200': 1 });
  assert.deepEqual(await exemplarsOf(store), {});
});
