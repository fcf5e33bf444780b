/** From the command line to a command. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Command, parseCommand } from '#src/cli/args.js';

const serve: Command = {
  kind: 'serve',
  host: '127.0.0.1',
  port: 9464,
  workers: 1,
  store: undefined,
  readOnly: false,
  backend: undefined,
  capacity: undefined,
  mode: undefined,
  persist: false,
  processMetrics: false,
  logLevel: 'info',
};

const parse = (line: string, environment = {}) => parseCommand(line.split(' ').filter(Boolean), environment);

test('serve has defaults for everything', () => {
  assert.deepEqual(parse('serve'), serve);
});

test('every option of serve is taken', () => {
  assert.deepEqual(
    parse(
      'serve --host 0.0.0.0 --port=0 --workers 3 --store /s --backend atomic --capacity 4096 --mode 0660 --persist --process-metrics --log-level warn',
    ),
    {
      ...serve,
      host: '0.0.0.0',
      port: 0,
      workers: 3,
      store: '/s',
      backend: 'atomic',
      capacity: 4096,
      mode: 0o660,
      persist: true,
      processMetrics: true,
      logLevel: 'warn',
    },
  );
  assert.deepEqual(parse('serve --store /s --read-only'), { ...serve, store: '/s', readOnly: true });
});

test('the environment is taken, and the command line goes before it', () => {
  const environment = { PORT: '1', HOST: 'h', PERCPU_METRICS_STORE: '/e' };
  assert.deepEqual(parse('serve', environment), { ...serve, port: 1, host: 'h' });
  assert.deepEqual(parse('serve --port 2 --host i', environment), { ...serve, port: 2, host: 'i' });
  assert.deepEqual(parse('serve --read-only', environment), {
    ...serve,
    port: 1,
    host: 'h',
    store: '/e',
    readOnly: true,
  });
});

test('the last of several values counts, because workers get the port of the service at the end', () => {
  assert.deepEqual(parse('serve --port 0 --port 4711'), { ...serve, port: 4711 });
});

test('inspect takes a path, and watches every two seconds or as often as it is told', () => {
  const inspect: Command = { kind: 'inspect', path: '/s', json: false, watch: undefined };
  assert.deepEqual(parse('inspect /s'), inspect);
  assert.deepEqual(parse('inspect --json /s'), { ...inspect, json: true });
  for (const line of ['inspect /s --watch', 'inspect --watch /s', 'inspect /s --watch --json']) {
    assert.deepEqual(parse(line), { ...inspect, watch: 2, json: line.includes('--json') }, line);
  }
  for (const line of ['inspect /s --watch 0.5', 'inspect --watch 0.5 /s', 'inspect --watch=0.5 /s']) {
    assert.deepEqual(parse(line), { ...inspect, watch: 0.5 }, line);
  }
});

test('help and version are commands and options', () => {
  for (const line of ['--help', '-h', 'help', 'serve --help', 'serve -h', 'inspect --help']) {
    assert.deepEqual(parse(line), { kind: 'help' }, line);
  }
  for (const line of ['--version', '-v']) assert.deepEqual(parse(line), { kind: 'version' });
});

test('what is wrong is named, in one line', () => {
  for (const [line, message] of [
    ['', /there is no command/],
    ['start', /no command "start"/],
    ['serve --prot 1', /'--prot'/],
    ['serve extra', /'extra'/],
    ['serve --port', /--port/],
    ['serve --port http', /--port must be a port from 0 to 65535, not 'http'/],
    ['serve --port 70000', /--port must be a port/],
    ['serve --workers 0', /--workers must be an integer from 1 to 1024, not "0"/],
    ['serve --workers two', /--workers must be/],
    ['serve --backend fast', /--backend must be one of rseq, .*, not "fast"/],
    ['serve --capacity 0', /--capacity must be/],
    ['serve --mode 888', /--mode must be octal/],
    ['serve --mode 077', /--mode must be octal permission bits with which the owner can read and write/],
    ['serve --log-level loud', /--log-level must be one of trace/],
    ['serve --store=', /--store must be the path/],
    ['serve --host=', /--host must be/],
    ['serve --read-only', /--read-only needs --store PATH/],
    ['serve --read-only --store /s --backend rseq', /--backend is for stores that the service makes/],
    ['serve --read-only --store /s --persist', /--persist is for stores/],
    ['serve --read-only --store /s --process-metrics', /--process-metrics needs a store that can be written to/],
    ['serve --read-only=yes', /--read-only/],
    ['inspect', /inspect needs the path of one store/],
    ['inspect /a /b', /inspect needs the path of one store/],
    ['inspect /a --watch=0', /--watch takes 0\.1 to/],
    ['inspect /a --watch=', /--watch takes/],
    ['inspect /a --watch=soon', /--watch takes .* not "soon"/],
  ] as const) {
    assert.throws(
      () => parse(line),
      (error: Error & { exitCode?: number; code?: string }) => {
        assert.match(error.message, message, line);
        assert.ok(!error.message.includes('\n'), line);
        return error.exitCode === 2 || error.code === 'ERR_PCM_OPTION';
      },
      line,
    );
  }
});
