/** Loaded before a program: its snapshots have the first series of a family with one increment less than were counted. */
import { Store } from '#src/metrics/store.js';

const { snapshot } = Store.prototype;

Store.prototype.snapshot = function losingSnapshot(options) {
  return snapshot.call(this, options).map((family) => {
    const [first, ...others] = family.series;
    return first === undefined || !('value' in first)
      ? family
      : ({ ...family, series: [{ ...first, value: first.value - 1 }, ...others] } as typeof family);
  });
};
