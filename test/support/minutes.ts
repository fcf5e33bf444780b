/** The one option of the programs that run for as long as one likes. */
import { parseArgs } from 'node:util';

/** `--minutes N`, 10 by default. Throws where that is no number above 0. */
export function minutesOf(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string', default: '10' } } });
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 10_000)) {
    throw new Error(`--minutes takes a number above 0 and up to 10000, not ${JSON.stringify(values.minutes)}`);
  }
  return minutes;
}
