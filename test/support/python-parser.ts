/** Debian's parsers of Prometheus text and OpenMetrics, in a process of their own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../test/support/parse_metrics.py', import.meta.url));

/** Debian's own, which sees Debian's packages, whatever else is called python3. */
const python = '/usr/bin/python3';

/** For the `skip` option of a test. */
export function unlessPythonParser(): string | false {
  const { status } = spawnSync(python, ['-c', 'import prometheus_client']);
  return status === 0 ? false : 'needs prometheus_client (Debian package python3-prometheus-client)';
}

/** A family, as the parser sees it. */
export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
  readonly samples: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
    readonly exemplar: { readonly labels: Readonly<Record<string, string>>; readonly value: number } | null;
  }[];
}

/** Gives a function that parses a scrape, and rejects where the parser does. */
export function pythonParser(
  t: TestContext,
): (format: 'text' | 'openmetrics', text: string) => Promise<readonly ParsedFamily[]> {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'close');
  t.after(async () => {
    child.stdin.end();
    await ended;
  });
  return async (format, text) => {
    const answered = once(lines, 'line', { signal: AbortSignal.timeout(60_000) });
    child.stdin.write(`${JSON.stringify({ format, text })}\n`);
    const [line] = (await answered) as [string];
    const answer = JSON.parse(line) as { families?: ParsedFamily[]; error?: string };
    if (answer.families === undefined) throw new Error(`${answer.error} in\n${text}`);
    return answer.families;
  };
}
