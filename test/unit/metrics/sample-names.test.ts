/** The names that families have in a scrape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FamilyDefinition } from 'percpu-metrics';
import { creationNames, namesInAnyFormat, openMetricsName, sampleNames } from '#src/metrics/sample-names.js';
import { temporaryStore } from '../../support/temporary-store.js';

const help = 'X.';

test('both tables of names agree: that of JavaScript and that by which a store is rendered', (t) => {
  const store = temporaryStore(t);
  store.counter({ name: 'a_total', help });
  store.counter({ name: 'b', help });
  store.counter({ name: '_total', help });
  store.gauge({ name: 'c_total', help });
  store.histogram({ name: 'd', help });
  store.untyped({ name: 'e', help });
  store.infoMetric({ name: 'f_info', help, labels: { version: '1' } });
  store.stateSet({ name: 'g', help, states: ['on'] });
  store.nativeHistogram({ name: 'h', help });
  store.summary({ name: 'i', help });
  const definitions = store.snapshot();
  const inScrape = (syntax: 'text' | 'openmetrics' | 'protobuf') =>
    store.exposedNames({ syntax, escaping: 'underscores' }).map((names) => names.inScrape.toSorted());
  const each = (names: (definition: FamilyDefinition) => string[]) =>
    definitions.map((definition) => [...new Set(names(definition))].sort());
  for (const syntax of ['text', 'protobuf'] as const) assert.deepEqual(inScrape(syntax), each(sampleNames));
  assert.deepEqual(
    inScrape('openmetrics'),
    each((one) => [...sampleNames(one), openMetricsName(one), ...creationNames(one)]),
  );
  assert.deepEqual(inScrape('openmetrics'), each(namesInAnyFormat));
});

test('a summary has no buckets whose name could be taken', (t) => {
  const store = temporaryStore(t);
  store.summary({ name: 'size', help });
  store.gauge({ name: 'size_bucket', help });
  for (const name of ['size_sum', 'size_count', 'size_created']) {
    assert.throws(() => store.gauge({ name, help }), { code: 'ERR_PCM_DEFINITION_CONFLICT' });
  }
});
