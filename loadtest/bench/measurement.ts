/**
 * What the benchmark collects, native and from JavaScript alike, and how rows are looked up in it.
 */

/** Every repetition of one row with one number of threads. */
export interface Measurement {
  /** Name of the row; unique among rows of its language. */
  row: string;
  title: string;
  language: 'native' | 'javascript';
  /** Threads that did the same at the same time. */
  threads: number;
  /** Nanoseconds of one operation on each of those threads, round by round. */
  nanoseconds: number[];
  /** Of native rows: the back end that was in force for those of a store with rseq. */
  mode?: string;
}

/** Finds the repetitions of a row; `undefined` where it was not measured with that many threads. */
export function findMeasurement(
  measurements: readonly Measurement[],
  language: Measurement['language'],
  row: string,
  threads: number,
): Measurement | undefined {
  return measurements.find((one) => one.language === language && one.row === row && one.threads === threads);
}
