/** The sentence of a scenario names where it speaks against this package, and only there: each one in both directions. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Recorder } from '../../../loadtest/recorder.js';
import { scenarios } from '../../../loadtest/scenarios/index.js';
import type { Scenario } from '../../../loadtest/scenarios/scenario.js';
import { inventedRun } from '../../support/loadtest-run.js';

const OURS = 'percpu-metrics';
const RIVAL = 'prom-client';
const SUCCESSOR = '@prometheus-io/client';

/** A contender's samples of a figure at a point. */
type Measured = readonly [figure: string, point: string, contender: string, samples: readonly number[]];

/** Five rounds of what never differs. */
const steady = (value: number): number[] => [value, value, value, value, value];

function recorderOf(name: string, measured: readonly Measured[]): Recorder {
  const recorder = new Recorder(scenarios.find((one) => one.name === name) as Scenario);
  for (const [figure, point, contender, samples] of measured)
    for (const sample of samples) recorder.add(figure, contender, point, sample);
  return recorder;
}

const verdictOf = (name: string, measured: readonly Measured[]): string =>
  recorderOf(name, measured).findings(1).verdict;

const NOWHERE = /; nowhere is another one better than percpu-metrics by more than 5 %\.$/;

describe('the sentence of scrape', () => {
  const loaded = '10,000 counters, loaded';
  const largest = '100,000 counters';

  it('names a library whose scrapes under load are faster, and none where ours are', () => {
    const slower = verdictOf('scrape', [
      ['latency', loaded, OURS, steady(15.7)],
      ['latency', loaded, RIVAL, steady(19.3)],
      ['latency', loaded, SUCCESSOR, steady(9.29)],
    ]);
    assert.match(
      slower,
      /; better than percpu-metrics beyond the noise: @prometheus-io\/client in "Duration of a scrape" \(10,000 counters, loaded: 9\.29 ms to 15\.70\)\.$/,
    );
    const faster = verdictOf('scrape', [
      ['latency', loaded, OURS, steady(9)],
      ['latency', loaded, RIVAL, steady(19.3)],
      ['latency', loaded, SUCCESSOR, steady(9.29)],
    ]);
    assert.match(faster, NOWHERE);
  });

  it('tells what the medians alone say as that, and not what lies within 5 %', () => {
    const spread = [8, 9, 15.7, 16, 30];
    assert.match(
      verdictOf('scrape', [
        ['latency', loaded, OURS, spread],
        ['latency', loaded, SUCCESSOR, [8.5, 9.1, 9.3, 16, 20]],
      ]),
      /; better than percpu-metrics by their medians, but not told from noise: @prometheus-io\/client in "Duration of a scrape" \(10,000 counters, loaded: 9\.30 ms to 15\.70\)\.$/,
    );
    assert.match(
      verdictOf('scrape', [
        ['latency', loaded, OURS, steady(10.4)],
        ['latency', loaded, SUCCESSOR, steady(10)],
      ]),
      NOWHERE,
    );
    // Two rounds tell nothing from noise.
    assert.match(
      verdictOf('scrape', [
        ['latency', loaded, OURS, [20, 20]],
        ['latency', loaded, SUCCESSOR, [10, 10]],
      ]),
      /not told from noise: @prometheus-io\/client in /,
    );
  });

  it('tells the points of a figure together, with the values of the worst', () => {
    assert.match(
      verdictOf('scrape', [
        ['delay', '1,000 counters', OURS, steady(0.6)],
        ['delay', '1,000 counters', SUCCESSOR, steady(0.4)],
        ['delay', loaded, OURS, steady(4)],
        ['delay', loaded, SUCCESSOR, steady(1)],
      ]),
      /client in "Longest delay of the event loop during a scrape" \(1,000 counters \/ 10,000 counters, loaded, most at 10,000 counters, loaded: 1\.00 ms to 4\.00\)\.$/,
    );
  });

  it('tells a cluster that is slower than a registry', () => {
    const point = '8 x 10,000 histograms';
    const verdict = verdictOf('scrape', [
      ['cluster', point, OURS, steady(40)],
      ['cluster', point, RIVAL, steady(20)],
    ]);
    assert.match(verdict, /of a cluster with 8 x 10,000 histograms it is 2\.0x slower; /);
    assert.match(verdict, /prom-client in "Duration of a scrape of a whole cluster" \(8 x 10,000 histograms: /);
  });

  it('tells a delay of the event loop that is longer in a store of 64 lanes, and rounds above the bound', () => {
    const bad = verdictOf('scrape', [
      ['latency', largest, OURS, steady(8)],
      ['delay', largest, OURS, [1, 1, 1, 2.5, 14]],
      ['delay', largest, RIVAL, steady(247)],
      ['delay', `${largest}, 64 lanes`, OURS, steady(4.84)],
    ]);
    assert.match(
      bad,
      /delays the event loop by 1\.0 ms \(in 2 of 5 rounds by more than 2; prom-client: 247\.0 ms\), and by 4\.8 ms at 100,000 counters, 64 lanes; /,
    );
    const good = verdictOf('scrape', [
      ['latency', largest, OURS, steady(8)],
      ['delay', largest, OURS, [1, 1, 1, 1.5, 2]],
      ['delay', largest, RIVAL, steady(247)],
      ['delay', `${largest}, 64 lanes`, OURS, steady(0.9)],
    ]);
    assert.match(good, /delays the event loop by 1\.0 ms \(prom-client: 247\.0 ms\); /);
  });
});

describe('the sentence of memory', () => {
  const resident = (ours: number, theirs: number): Measured[] => [
    ['resident', '1,000', OURS, steady(ours)],
    ['resident', '1,000', RIVAL, steady(theirs)],
  ];

  it('names sizes at which stores take more resident memory, and none where they take less', () => {
    const total: Measured[] = [
      ['total', '100,000', OURS, steady(350)],
      ['total', '100,000', RIVAL, steady(389)],
    ];
    assert.match(
      verdictOf('memory', [...total, ...resident(4895, 393)]),
      /less than the 389 of prom-client; .*; better than percpu-metrics beyond the noise: prom-client in "Bytes per series, resident memory" \(1,000: 393 bytes to 4,895\)\.$/,
    );
    assert.match(verdictOf('memory', [...total, ...resident(393, 4895)]), NOWHERE);
    // Of processes that gave memory back.
    assert.match(verdictOf('memory', [...total, ...resident(393, -5)]), /\(1,000: -5 bytes to 393\)\.$/);
    assert.match(verdictOf('memory', [...total, ...resident(-5.1, -5)]), NOWHERE);
  });

  it('says which takes more at the largest size, and that it is not compared where one is missing', () => {
    const total = (ours: number): Measured => ['total', '100,000', OURS, steady(ours)];
    assert.match(
      verdictOf('memory', [total(410), ['total', '100,000', RIVAL, steady(389)]]),
      /takes 410 bytes with 2 lanes, more than the 389 of prom-client; .*"Bytes per series, file and heap" \(100,000: 389 bytes to 410\)\.$/,
    );
    assert.match(
      verdictOf('memory', [total(400)]),
      /takes 400 bytes with 2 lanes, not compared with prom-client; .*; nothing was measured to compare percpu-metrics with\.$/,
    );
  });
});

describe('the sentence of series', () => {
  it('says who is faster at making series', () => {
    const made = (ours: number, theirs: number): Measured[] => [
      ['make', '100,000 by 1 process', OURS, steady(ours)],
      ['make', '100,000 by 1 process', RIVAL, steady(theirs)],
    ];
    assert.match(
      verdictOf('series', made(543, 211)),
      /prom-client in "Making counter series, .*" \(100,000 by 1 process: 211 ms to 543\)\.$/,
    );
    assert.match(verdictOf('series', made(211, 543)), NOWHERE);
  });
});

describe('the sentence of contention', () => {
  it('names the designs that are faster than rseq, where more is better', () => {
    const rates = (ours: number, theirs: number): Measured[] => [
      ['threads', '1', 'rseq', steady(ours)],
      ['threads', '1', 'Atomics.add', steady(theirs)],
    ];
    assert.match(
      verdictOf('contention', rates(48.5, 88.2)),
      /; better than rseq beyond the noise: Atomics\.add in "Increments per second, worker threads, back to back" \(1: 88\.2 M\/s to 48\.5\)\.$/,
    );
    assert.match(
      verdictOf('contention', rates(88.2, 48.5)),
      /; nowhere is another one better than rseq by more than 5 %/,
    );
  });
});

describe('the sentence of request', () => {
  it('names others that are better in any figure, but not the bare app', () => {
    const latency = (theirs: number): Measured[] => [
      ['throughput', 'of its own', 'bare', steady(1000)],
      ['throughput', 'of its own', OURS, steady(960)],
      ['throughput', 'of its own', 'OpenTelemetry SDK', steady(700)],
      ['p999', 'of its own', 'bare', steady(1)],
      ['p999', 'of its own', OURS, steady(5)],
      ['p999', 'of its own', 'OpenTelemetry SDK', steady(theirs)],
    ];
    const worse = verdictOf('request', latency(4));
    assert.match(
      worse,
      /beyond the noise: OpenTelemetry SDK in "Latency, p99\.9" \(of its own: 4\.00 ms to 5\.00\)\.$/,
    );
    assert.match(verdictOf('request', latency(6)), NOWHERE);
  });
});

describe('the sentence of dense', () => {
  const cpu = (series: number, atomics: number): Measured[] => [
    [`cpu-${series}`, '1', 'rseq', steady(10)],
    [`cpu-${series}`, '1', 'Atomics.add', steady(atomics)],
  ];

  it('ends with the designs that are better, over whichever number of series and in whatever', () => {
    assert.match(
      verdictOf('dense', [...cpu(100, 10), ...cpu(1, 6)]),
      /; better than rseq beyond the noise: Atomics\.add in "CPU time per request, one series" \(1: 6\.0 us to 10\.0\)\.$/,
    );
    const slower: Measured[] = [
      ['throughput-10000', '1000', 'rseq', [10_000, 10_100, 9_900, 10_050, 9_950]],
      ['throughput-10000', '1000', 'plain lane', [9_000, 11_000, 11_100, 11_200, 11_300]],
    ];
    assert.match(
      verdictOf('dense', [...cpu(100, 10), ...slower]),
      /; better than rseq by their medians, but not told from noise: plain lane in "Requests per second, 10,000 series" \(1000: 11,100 \/s to 10,000\)\.$/,
    );
  });

  it('says so where nobody is better', () => {
    const verdict = verdictOf('dense', [...cpu(100, 10), ...cpu(1, 16)]);
    assert.doesNotMatch(verdict, /Atomics/);
    assert.match(verdict, /; nowhere is another one better than rseq by more than 5 %\.$/);
  });

  it('says from where on a design is cheaper over the usual number of series, and by how much', () => {
    assert.match(
      verdictOf('dense', [...cpu(100, 6), ...cpu(1, 6)]),
      /; Atomics\.add costs less than rseq from one increment on \(40 %\); better than rseq beyond the noise: Atomics\.add in "CPU time per request, 100 series" \(1: 6\.0 us to 10\.0\), "CPU time per request, one series" \(1: 6\.0 us to 10\.0\)\.$/,
    );
  });
});

describe('the sentence of recovery', () => {
  function verdict(ours: { counted: number; downs: number; failed: number; surplus?: number }, rival: boolean): string {
    const recorder = recorderOf('recovery', [
      ['downs', '', OURS, [0, ours.downs]],
      ['failed', '', OURS, [0, ours.failed]],
      ...(rival
        ? ([
            ['downs', '', RIVAL, [1, 8]],
            ['failed', '', RIVAL, [1, 0]],
          ] as const)
        : []),
    ]);
    const count = (contender: string, what: string, expected: number, counted: number): void =>
      recorder.count({ contender, point: 'round 1', what, expected, counted, promised: contender === OURS });
    count(OURS, 'acknowledged requests', 60_000, ours.counted);
    count(OURS, 'counts of requests that nobody sent', 0, ours.surplus ?? 0);
    if (rival) count(RIVAL, 'acknowledged requests', 60_000, 2_000);
    return recorder.findings(1).verdict;
  }

  it('says of both what is missing, and which scrapes went down or failed, in all rounds', () => {
    assert.equal(
      verdict({ counted: 60_000, downs: 0, failed: 0 }, true),
      'After the kills percpu-metrics misses 0 of 60,000 acknowledged requests, and of its scrapes in 2 rounds 0 went down and 0 failed; ' +
        'prom-client misses 58,000 of 60,000 acknowledged requests, and of its scrapes in 2 rounds 9 went down and 1 failed.',
    );
    assert.match(
      verdict({ counted: 59_997, downs: 1, failed: 2 }, true),
      /^After the kills percpu-metrics misses 3 of 60,000 acknowledged requests, and of its scrapes in 2 rounds 1 went down and 2 failed;/,
    );
  });

  it('tells counts that nobody asked for, and a library that was not measured', () => {
    assert.match(
      verdict({ counted: 60_000, downs: 0, failed: 0, surplus: 7 }, false),
      /percpu-metrics misses 0 of 60,000 acknowledged requests and counts 7 that nobody sent, .*; prom-client was measured in no round\.$/,
    );
  });
});

describe('the sentence of every scenario', () => {
  it('says of those that have rivals who is better, in each scenario of a whole run', () => {
    for (const { name, verdict } of inventedRun(1).scenarios) {
      if (['recovery', 'lanes'].includes(name)) continue;
      assert.match(verdict, /; (?:better than (?:percpu-metrics|rseq) |nowhere is another one better than )/, name);
    }
  });
});
