import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadtestUsage, parseBenchArguments, parseLoadtestArguments, UsageError } from '../../../loadtest/arguments.js';

const known = ['service', 'plugin'];

function complaint(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  return assert.fail('was accepted');
}

describe('the command line of the load test', () => {
  it('runs every scenario at full length by default', () => {
    assert.deepEqual(parseLoadtestArguments([], known), {
      help: false,
      quick: false,
      scenarios: known,
      rounds: undefined,
      output: undefined,
      compare: undefined,
      report: undefined,
      charts: undefined,
    });
  });

  it('reports an older run without measuring, and refuses what asks for both', () => {
    const { report, compare, charts } = parseLoadtestArguments(
      ['--report', 'a.json', '--compare', 'b.json', '--charts', 'docs'],
      known,
    );
    assert.deepEqual([report, compare, charts], ['a.json', 'b.json', 'docs']);
    for (const other of [['--quick'], ['--rounds', '2'], ['--output', 'x.json'], ['--scenario', 'plugin']]) {
      assert.match(
        complaint(() => parseLoadtestArguments(['--report', 'a.json', ...other], known)),
        /measures nothing/,
      );
    }
    for (const option of ['compare', 'report', 'charts', 'output']) {
      assert.match(
        complaint(() => parseLoadtestArguments([`--${option}=`], known)),
        new RegExp(`--${option} takes a path`),
      );
    }
  });

  it('takes scenarios several times and keeps them in their own order, each once', () => {
    const { scenarios } = parseLoadtestArguments(['--scenario', 'plugin', '--scenario=service'], known);
    assert.deepEqual(scenarios, known);
    assert.deepEqual(parseLoadtestArguments(['--scenario', 'plugin', '--scenario', 'plugin'], known).scenarios, [
      'plugin',
    ]);
  });

  it('takes the number of rounds, the file and the short run', () => {
    const options = parseLoadtestArguments(['--quick', '--rounds', '3', '--output', 'x.json'], known);
    assert.deepEqual([options.quick, options.rounds, options.output], [true, 3, 'x.json']);
  });

  it('names the scenarios that exist when it is asked for another', () => {
    const message = complaint(() => parseLoadtestArguments(['--scenario', 'dense'], known));
    assert.match(message, /"dense".*service, plugin/);
  });

  it('refuses rounds that are no whole number in range, and shows them', () => {
    for (const rounds of ['0', '1.5', '1e3', '10001', 'many', '']) {
      const message = complaint(() => parseLoadtestArguments([`--rounds=${rounds}`], known));
      assert.match(message, new RegExp(`not "${rounds}"`));
    }
  });

  it('refuses options that do not exist, values where none belong and bare words', () => {
    assert.match(
      complaint(() => parseLoadtestArguments(['--fast'], known)),
      /--fast/,
    );
    assert.match(
      complaint(() => parseLoadtestArguments(['--quick=yes'], known)),
      /--quick/,
    );
    assert.match(
      complaint(() => parseLoadtestArguments(['plugin'], known)),
      /plugin/,
    );
  });

  it('refuses an empty name for the results', () => {
    assert.match(
      complaint(() => parseLoadtestArguments(['--output='], known)),
      /--output/,
    );
  });

  it('lists every scenario in its help', () => {
    const text = loadtestUsage([
      { name: 'service', title: 'The service.' },
      { name: 'plugin', title: 'The plugin.' },
    ]);
    assert.match(text, /^ {2}service {2}The service\.$/m);
    assert.match(text, /^ {2}plugin {3}The plugin\.$/m);
  });
});

describe('the command line of the benchmark', () => {
  it('has a number of rounds by default', () => {
    const options = parseBenchArguments([]);
    assert.ok(options.rounds > 1);
    assert.equal(options.output, undefined);
  });

  it('takes rounds and a file', () => {
    assert.deepEqual(parseBenchArguments(['--rounds', '7', '--output', 'b.json']), {
      help: false,
      rounds: 7,
      output: 'b.json',
    });
  });

  it('refuses what it does not know', () => {
    assert.match(
      complaint(() => parseBenchArguments(['--quick'])),
      /--quick/,
    );
  });
});
