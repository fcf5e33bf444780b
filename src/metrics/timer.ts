/** Durations, by a clock that nobody can set. */

/** Ends a timer: stores the seconds that have passed since its start and returns them. */
export type StopTimer = () => number;

/** Starts a timer that hands the seconds that have passed to `store` each time it is stopped. */
export function startTimer(store: (seconds: number) => void): StopTimer {
  const start = performance.now();
  return () => {
    const seconds = (performance.now() - start) / 1000;
    store(seconds);
    return seconds;
  };
}
