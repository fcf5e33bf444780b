/** Bodies as bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemIn, temporaryService, valuesOf } from './service-app.js';

test('a body that is not UTF-8 is refused, and one that is counts under the name that was sent', async (t) => {
  const { service, store } = await temporaryService(t);
  const body = (...label: number[]) =>
    Buffer.concat([Buffer.from('{"labels":{"shop":"'), Buffer.from(label), Buffer.from('"}}')]);
  for (const label of [[0xff, 0xfe], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf8, 0x88, 0x80, 0x80, 0x80]]) {
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/counters/a_total',
      payload: body(...label),
      headers: { 'content-type': 'application/json' },
    });
    const problem = problemIn({ status: answer.statusCode, headers: answer.headers, body: answer.body });
    assert.deepEqual([problem.status, problem.code], [400, 'ERR_HTTP_JSON'], String(label));
    assert.match(problem.detail, /not UTF-8/);
  }
  assert.deepEqual(valuesOf(store), {});
  await service.count('/v1/counters/a_total', body(0xc3, 0xa9).toString());
  assert.deepEqual(valuesOf(store), { 'a_total{"shop":"é"}': 1 });
});
