/**
 * Compiled with the tests, never run: what must and must not compile for users of the library. A line behind
 * `@ts-expect-error` that starts to compile fails the build.
 */
import { type Counter, type CounterHandle, openStore, type Store } from 'percpu-metrics';

export function labelNamesAreInferred(store: Store): void {
  const requests = store.counter({ name: 'a_total', help: 'A.', labelNames: ['method', 'route'] });
  requests.labels('GET', '/x').inc();
  requests.labels('GET', 200).inc(2);
  requests.labels({ method: 'GET', route: '/x' }).inc();
  requests.labels({ route: 1, method: 2 }).inc();
  // @ts-expect-error one value is missing
  requests.labels('GET');
  // @ts-expect-error one value too many
  requests.labels('GET', '/x', '200');
  // @ts-expect-error a wrong name
  requests.labels({ method: 'GET', path: '/x' });
  // @ts-expect-error a name is missing
  requests.labels({ method: 'GET' });
  // @ts-expect-error one name too many
  requests.labels({ method: 'GET', route: '/x', status: 200 });
  // @ts-expect-error a value that is neither a string nor a number
  requests.labels('GET', true);
  // @ts-expect-error a value that may be undefined
  requests.labels('GET', process.env['ROUTE']);
  // @ts-expect-error a family with labels has no value of its own
  requests.inc();
}

export function familiesWithoutLabelsAreHandles(store: Store): void {
  store.counter({ name: 'a_total', help: 'A.' }).inc();
  store.counter({ name: 'a_total', help: 'A.', labelNames: [] }).inc();
  store.counter({ name: 'a_total', help: 'A.' }).labels().inc();
  store.gauge({ name: 'a', help: 'A.' }).set(1);
  store.gauge({ name: 'a', help: 'A.' }).startTimer()();
  store.histogram({ name: 'a', help: 'A.' }).observe(1);
  const seconds: number = store.histogram({ name: 'a', help: 'A.' }).startTimer()();
  void seconds;
  // @ts-expect-error it has no labels
  store.counter({ name: 'a_total', help: 'A.' }).labels('x');
  // @ts-expect-error a counter does not go down
  store.counter({ name: 'a_total', help: 'A.' }).dec();
  // @ts-expect-error a gauge observes nothing
  store.gauge({ name: 'a', help: 'A.' }).observe(1);
  // @ts-expect-error amounts are numbers
  store.counter({ name: 'a_total', help: 'A.' }).inc('1');
}

export function otherTypesInferAsWell(store: Store): void {
  store
    .gauge({ name: 'a', help: 'A.', labelNames: ['queue'] })
    .labels({ queue: 'q' })
    .dec(2);
  const wait = store.histogram({ name: 'a', help: 'A.', labelNames: ['queue'], buckets: [1, 2], unit: 'seconds' });
  wait.labels('q').observe(1);
  // @ts-expect-error a wrong name
  wait.labels({ kue: 'q' });
  // @ts-expect-error a family with labels has no value of its own
  wait.observe(1);
}

export function namesThatAreOnlyKnownAtRunTimeTakeAnything(store: Store, labelNames: string[]): void {
  const dynamic = store.counter({ name: 'a_total', help: 'A.', labelNames });
  dynamic.labels(...labelNames).inc();
  dynamic.labels({ whatever: 1 }).inc();
  // @ts-expect-error it may have labels
  dynamic.inc();
}

export function typesCanBeNamed(store: Store): void {
  const requests: Counter<['method']> = store.counter({ name: 'a_total', help: 'A.', labelNames: ['method'] });
  const handle: CounterHandle = requests.labels('GET');
  const any: Counter = requests;
  const plain: Counter<[]> = store.counter({ name: 'b_total', help: 'B.' });
  plain.inc();
  handle.inc();
  any.labels('GET').inc();
}

export function optionsAreChecked(store: Store): void {
  openStore({ path: '/tmp/x', backend: 'atomic', capacity: 1, readOnly: true, mode: 0o600, persist: true, lanes: 1 });
  openStore({ path: undefined });
  // @ts-expect-error an unknown option
  openStore({ readonly: true });
  // @ts-expect-error an unknown back end
  openStore({ backend: 'fast' });
  // @ts-expect-error help is required
  store.counter({ name: 'a_total' });
  // @ts-expect-error a counter has no buckets
  store.counter({ name: 'a_total', help: 'A.', buckets: [1] });
  // @ts-expect-error names cannot be assigned
  store.counter({ name: 'a_total', help: 'A.' }).name = 'b';
}

export function storesAreDisposable(): void {
  using store = openStore();
  void store.mode.backend;
}

export function newKindsInferAsWell(store: Store): void {
  const phase = store.stateSet({ name: 'a', help: 'A.', states: ['up', 'down'], labelNames: ['job'] });
  phase.labels('x').set('up');
  phase.labels({ job: 'x' }).toggle('down', true);
  // @ts-expect-error no such state
  phase.labels('x').set('off');
  // @ts-expect-error a family with labels has no state of its own
  phase.set('up');
  store.stateSet({ name: 'a', help: 'A.', states: ['up'] }).set('up');
  const wait = store.summary({ name: 'a', help: 'A.', labelNames: ['queue'], quantiles: [0.5] });
  const seconds: number = wait.startTimer()('q') + wait.startTimer()({ queue: 'q' });
  void seconds;
  wait.zero('q');
  // @ts-expect-error one label is missing
  wait.startTimer()();
  // @ts-expect-error a wrong name
  wait.zero({ kue: 'q' });
  const text: Promise<string> = store.nativeHistogram({ name: 'a', help: 'A.', schema: 4 }).time(async () => 'x');
  void text;
  // @ts-expect-error an info has no handles
  store.infoMetric({ name: 'a_info', help: 'A.', labels: { a: 1 } }).labels('x');
  // @ts-expect-error a summary has no schema of its own
  store.summary({ name: 'a', help: 'A.', schema: 3 });
}

export function batchesTakeOneAmountPerHandle(store: Store): void {
  const requests = store.counter({ name: 'a_total', help: 'A.', labelNames: ['method'] });
  const batch = store.batch([requests.labels('GET'), store.histogram({ name: 'a', help: 'A.' })]);
  batch.record(1, 0.2);
  // @ts-expect-error an amount is missing
  batch.record(1);
  // @ts-expect-error one amount too many
  batch.record(1, 2, 3);
  // @ts-expect-error amounts are numbers
  batch.record(1, '2');
  // @ts-expect-error a family with labels is no handle
  store.batch([requests]);
}

export function collectorsKnowTheirFamily(store: Store): void {
  store.gauge({
    name: 'a',
    help: 'A.',
    labelNames: ['queue'],
    collect(family) {
      this.labels('q').set(1);
      family.labels({ queue: 'q' }).inc();
      // @ts-expect-error a wrong name
      family.labels({ kue: 'q' });
    },
  });
  store.counter({ name: 'a_total', help: 'A.', collect: async (family) => family.inc() });
  // @ts-expect-error a time limit is a number
  store.counter({ name: 'a_total', help: 'A.', collect: () => {}, collectTimeout: '1' });
}
