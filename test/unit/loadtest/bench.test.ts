import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { benchGoals, judgeGoal } from '../../../loadtest/bench/goal.js';
import type { Measurement } from '../../../loadtest/bench/measurement.js';
import { addNativeLine, parseNativeLine } from '../../../loadtest/bench/native.js';
import { renderBench, reportBench } from '../../../loadtest/bench/report.js';
import { rows } from '../../../loadtest/bench/row.js';
import { nativeRunsOf } from '../../../loadtest/contention/native.js';

function measured(
  language: Measurement['language'],
  row: string,
  threads: number,
  ...nanoseconds: number[]
): Measurement {
  return { row, title: row, language, threads, nanoseconds };
}

const measurements = [
  measured('native', 'rseq', 1, 0.5, 1, 0.5),
  measured('native', 'percpu_atomic', 1, 5, 10, 4),
  measured('native', 'rseq', 2, 1, 1, 1),
  measured('native', 'atomic', 2, 14, 16, 12),
  measured('javascript', 'noop', 1, 5, 5, 5),
  measured('javascript', 'inc-rseq', 1, 10, 12, 9),
];

describe('goals of the benchmark', () => {
  it('are decided by the median of the ratios of each repetition', () => {
    const goal = { title: 't', language: 'native', row: 'percpu_atomic', by: 'rseq', load: 'alone' } as const;
    const report = judgeGoal({ ...goal, atLeast: 10 }, measurements, 2);
    assert.equal(report.ratio?.median, 10);
    assert.equal(report.met, true);
    assert.equal(judgeGoal({ ...goal, atLeast: 10.1 }, measurements, 2).met, false);
    assert.equal(judgeGoal({ ...goal, atMost: 9.9 }, measurements, 2).met, false);
  });

  it('are not decided where a row is missing', () => {
    const goal = { title: 't', language: 'native', row: 'plain', by: 'rseq', load: 'alone', atLeast: 2 } as const;
    assert.deepEqual(judgeGoal(goal, measurements, 2), { ...goal, ratio: null, met: null });
  });

  it('name JavaScript rows that exist', () => {
    const names: readonly string[] = rows.map(({ name }) => name);
    const used = benchGoals.filter(({ language }) => language === 'javascript').flatMap(({ row, by }) => [row, by]);
    assert.deepEqual(
      used.filter((name) => !names.includes(name)),
      [],
    );
  });
});

describe('lines of the native benchmark', () => {
  it('are gathered per row and number of threads', () => {
    const gathered: Measurement[] = [];
    for (const line of [
      '{"name":"rseq","threads":1,"round":0,"ns_per_op":0.52,"ns_in_all":520,"increments":1000,"mode":"rseq"}',
      '{"name":"rseq","threads":2,"round":0,"ns_per_op":0.6,"ns_in_all":600,"increments":2000,"mode":"rseq"}',
      '{"name":"rseq","threads":1,"round":1,"ns_per_op":0.54,"ns_in_all":540,"increments":1000,"mode":"rseq"}',
    ]) {
      addNativeLine(gathered, parseNativeLine(line));
    }
    assert.deepEqual(
      gathered.map(({ row, language, threads, nanoseconds }) => [row, language, threads, nanoseconds]),
      [
        ['rseq', 'native', 1, [0.52, 0.54]],
        ['rseq', 'native', 2, [0.6]],
      ],
    );
  });

  it('are so many increments per second from the first to the last of all threads, however these took turns', () => {
    const line = (fields: string): string => `{"name":"rseq_inline","threads":4,"round":0,"mode":"rseq",${fields}}`;
    // Four threads on two CPUs: each runs for half of the time only.
    const [run, ...others] = nativeRunsOf(
      line('"ns_per_op":0.5,"ns_in_all":1000000,"increments":4000000,"counted":4004000,"expected":4004000'),
    );
    assert.deepEqual(others, []);
    const counts = { counted: 4_004_000, expected: 4_004_000 };
    assert.deepEqual(run, { design: 'rseq', incrementsPerSecond: 4e9, mode: 'rseq', ...counts });
    const other = line('"ns_per_op":0.5,"ns_in_all":5,"increments":10').replace('rseq_inline', 'empty_call');
    assert.deepEqual(nativeRunsOf(other), []);
  });

  it('must be repetitions that took time', () => {
    assert.throws(() => parseNativeLine('{"name":"rseq"}'), /no repetition/);
    assert.throws(
      () =>
        parseNativeLine(
          '{"name":"rseq","threads":1,"round":0,"mode":"rseq","ns_per_op":0,"ns_in_all":1,"increments":1}',
        ),
      /no time/,
    );
    assert.throws(
      () =>
        parseNativeLine(
          '{"name":"rseq","threads":1,"round":0,"mode":"rseq","ns_per_op":null,"ns_in_all":1,"increments":1}',
        ),
      /no time/,
    );
  });
});

describe('the report of the benchmark', () => {
  const counts = [
    { row: 'noop', expected: 300, counted: null, pinned: true, mode: null },
    { row: 'inc-rseq', expected: 300, counted: 300, pinned: true, mode: 'rseq (libc)' },
  ];

  it('gives costs as multiples of our increment and of an empty call', () => {
    const report = reportBench(measurements, counts, 2);
    const find = (row: string, threads: number) =>
      report.rows.find((one) => one.row === row && one.threads === threads);
    assert.equal(find('percpu_atomic', 1)?.timesOurs?.median, 10);
    assert.equal(find('percpu_atomic', 1)?.timesNoop, null);
    assert.equal(find('atomic', 2)?.timesOurs?.median, 14);
    assert.equal(find('inc-rseq', 1)?.timesNoop?.median, 2);
  });

  it('is exact only if every row counted its calls', () => {
    assert.equal(reportBench(measurements, counts, 2).exact, true);
    const off = [...counts, { row: 'inc-atomic', expected: 300, counted: 299, pinned: true, mode: null }];
    assert.equal(reportBench(measurements, off, 2).exact, false);
  });

  it('shows both loads of a row beside each other, and says plainly what was met', () => {
    const text = renderBench(reportBench(measurements, counts, 2));
    assert.match(text, /^Native, ns per increment +alone .* 2 threads /m);
    assert.match(text, /^rseq +0\.50 .* 1\.00 /m);
    assert.match(text, /as a multiple of an empty Node-API call, at most 2\.2: met \(2\.00x, /);
    assert.match(text, /one shared atomic .*, at least 20: missed \(14\.0x, /);
    assert.match(text, /prom-client's bound child .*: not measured/);
  });

  it('says where threads had no CPUs of their own', () => {
    const loose = [{ row: 'inc-rseq', expected: 300, counted: 300, pinned: false, mode: null }];
    assert.match(renderBench(reportBench(measurements, loose, 2)), /not pinned/);
    assert.doesNotMatch(renderBench(reportBench(measurements, counts, 2)), /not pinned/);
  });

  it('says in which mode the stores were, native and from JavaScript', () => {
    const gathered: Measurement[] = [];
    const line =
      '{"name":"rseq","threads":1,"round":0,"ns_per_op":0.52,"ns_in_all":520,"increments":1000,"mode":"atomic"}';
    addNativeLine(gathered, parseNativeLine(line));
    const report = reportBench(gathered, counts, 2);
    assert.deepEqual(report.modes, { native: 'atomic', 'inc-rseq': 'rseq (libc)' });
    assert.match(renderBench(report), /^Modes in force: native atomic; inc-rseq rseq \(libc\)\.$/m);
  });

  it('shows which row lost counts', () => {
    const off = [{ row: 'inc-rseq', expected: 300, counted: 299, pinned: true, mode: null }];
    assert.match(renderBench(reportBench(measurements, off, 2)), /^inc-rseq .* NO: 299 of 300$/m);
  });
});
