/**
 * Sums of doubles that are never rounded, and what a sum of doubles may be off by: one rounding for each addition, and
 * one where the parts of a value are put together. A single amount is not rounded at all.
 */

/** Of these a finite double is a whole number, and infinity that of the bits that it is written with. */
const SMALLEST_PARTS = 1074;
const MANTISSA_BITS = 52n;
const MANTISSA = (1n << MANTISSA_BITS) - 1n;

/** How many 2^-1074 a double is; an infinity is more than all of them. */
export function partsOf(value: number): bigint {
  const [bits = 0n] = new BigUint64Array(new Float64Array([Math.abs(value)]).buffer);
  const exponent = bits >> MANTISSA_BITS;
  const fraction = bits & MANTISSA;
  const parts = exponent === 0n ? fraction : (fraction | (MANTISSA + 1n)) << (exponent - 1n);
  return value < 0 ? -parts : parts;
}

const INFINITE = partsOf(Number.POSITIVE_INFINITY);

function magnitude(parts: bigint): bigint {
  return parts < 0n ? -parts : parts;
}

/** Without what does not fit into a double. */
function numberOf(parts: bigint): number {
  const surplus = Math.max(0, magnitude(parts).toString(2).length - 53);
  return Number(parts / (1n << BigInt(surplus))) * 2 ** (surplus - SMALLEST_PARTS);
}

/** A sum of doubles. */
export class ExactSum {
  readonly #parts: bigint;
  /** The sum of all amounts without their signs: what any sum of some of them is at most. */
  readonly #size: bigint;
  readonly #amounts: number;

  private constructor(parts: bigint, size: bigint, amounts: number) {
    this.#parts = parts;
    this.#size = size;
    this.#amounts = amounts;
  }

  /** Of these amounts. */
  static of(...amounts: readonly number[]): ExactSum {
    return amounts.reduce((sum: ExactSum, amount) => sum.plus(amount), new ExactSum(0n, 0n, 0));
  }

  plus(amount: number): ExactSum {
    const parts = partsOf(amount);
    return new ExactSum(this.#parts + parts, this.#size + magnitude(parts), this.#amounts + (parts === 0n ? 0 : 1));
  }

  /** A number that was found, if it is this sum as closely as sums of doubles are, else the closest one to this sum. */
  nearest(found: number): number {
    // What is added after an overflow cannot bring the sum back, nor is it told which of the parts it went to.
    if (this.#size >= INFINITE) return this.#parts === this.#size ? Number.POSITIVE_INFINITY : found;
    const allowed = this.#amounts < 2 ? 0n : (this.#size >> 53n) * BigInt(this.#amounts + 1);
    return Number.isFinite(found) && magnitude(partsOf(found) - this.#parts) <= allowed ? found : numberOf(this.#parts);
  }
}
