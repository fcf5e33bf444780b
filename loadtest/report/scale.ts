/** Axes: where a value lies, and which values are written beside it. */

/** Maps values to positions between 0 and 1. */
export interface Scale {
  at(value: number): number;
  ticks: number[];
}

/** Decades from which on only powers of ten are written. */
const WIDE = 2.5;
const TICKS = 5;

/** An axis from 0 to the largest value. */
export function linearScale(values: readonly number[]): Scale {
  const most = Math.max(0, ...values) || 1;
  const power = 10 ** Math.floor(Math.log10(most / TICKS));
  const step = power * ([1, 2, 5, 10].find((factor) => most / (power * factor) <= TICKS) ?? 10);
  const count = Math.floor(most / step + 1e-9);
  return {
    at: (value) => Math.min(1, Math.max(0, value / most)),
    ticks: Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12))),
  };
}

/** An axis on which equal distances are equal factors. What is not above 0 lies at its beginning. */
export function logScale(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  const least = positive.length === 0 ? 1 : Math.min(...positive);
  const most = positive.length === 0 ? 10 : Math.max(...positive);
  const low = Math.log10(least) - 0.05;
  const high = Math.max(Math.log10(most), low + 0.3);
  const factors = high - low > WIDE ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(12));
      if (Math.log10(value) >= low && Math.log10(value) <= high + 1e-9) ticks.push(value);
    }
  }
  return {
    at: (value) => (value > 0 ? Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low))) : 0),
    // Between two such values there may be room for none of them.
    ticks: ticks.length > 0 ? ticks : [Number(least.toPrecision(2))],
  };
}

/** A number as it is written at an axis: short, whatever its size. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${value / 1e9}G`;
  if (size >= 1e6) return `${value / 1e6}M`;
  if (size >= 1e4) return `${value / 1e3}k`;
  return String(value);
}
