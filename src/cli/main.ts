#!/usr/bin/env node
/** The command `percpu-metrics`: runs what the command line asks for; an error is one line and an exit code. */
import { version } from '../server/app.js';
import { parseCommand } from './args.js';
import { describeError, EXIT } from './exit-code.js';
import { HELP } from './help.js';
import { inspect } from './inspect.js';
import { serve } from './serve.js';

async function run(): Promise<void> {
  const command = parseCommand(process.argv.slice(2), process.env);
  switch (command.kind) {
    case 'serve':
      return serve(command);
    case 'inspect':
      return inspect(command);
    case 'help':
      process.stdout.write(HELP);
      return;
    case 'version':
      process.stdout.write(`${version}\n`);
  }
}

/** Whoever reads our output may stop before its end, as `head` does. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});

// A log that nobody reads any more is no reason to stop serving.
process.stderr.on('error', () => {});

try {
  await run();
  process.exit(EXIT.ok);
} catch (error) {
  const { exitCode, message } = describeError(error);
  process.stderr.write(`percpu-metrics: ${message}\n`);
  process.exit(exitCode);
}
