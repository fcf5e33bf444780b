/**
 * The errors for amounts that cannot be counted. The checks themselves are in the handles, which only come here once
 * something is wrong.
 */
import { display, PercpuMetricsError } from '../errors.js';

/**
 * The error for an amount that is not a finite number.
 *
 * @param operation - What was called, such as `inc`.
 * @param name - The name of the metric.
 */
export function invalidAmount(operation: string, name: string, amount: unknown): PercpuMetricsError {
  const context = { details: { name, operation, amount } };
  if (typeof amount !== 'number') {
    return new PercpuMetricsError(
      'ERR_PCM_AMOUNT_TYPE',
      `${operation} of ${name} takes a number, not ${display(amount)}; convert it with Number() first`,
      context,
    );
  }
  return new PercpuMetricsError(
    'ERR_PCM_AMOUNT_NOT_FINITE',
    `${operation} of ${name} takes a finite number, not ${amount}; check the computation that it comes from`,
    context,
  );
}

/** The error for a counter that would go down. */
export function negativeAmount(name: string, amount: number): PercpuMetricsError {
  return new PercpuMetricsError(
    'ERR_PCM_AMOUNT_NEGATIVE',
    `inc of the counter ${name} takes 0 or more, not ${amount}; use a gauge for what goes down`,
    { details: { name, operation: 'inc', amount } },
  );
}

/** The error for a start that lies in the future, as one of another clock may. */
export function futureStart(name: string, start: number, seconds: number): PercpuMetricsError {
  return new PercpuMetricsError(
    'ERR_PCM_AMOUNT_NEGATIVE',
    `observeSince of ${name} takes an earlier reading of performance.now(), not ${start}, which is ${seconds} s ahead; ` +
      'Date.now() and the performance.now() of other threads are other clocks',
    { details: { name, operation: 'observeSince', start } },
  );
}
