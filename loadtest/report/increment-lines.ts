/**
 * What an increment costs by the number of writers, out of `contention`: those of a word that all share wait for each other,
 * and those of words of their own for nobody.
 */
import type { Findings } from '../findings.js';
import type { Lookup } from '../lookup.js';
import type { Design } from '../services/counters.js';
import { estimates, half, lookupOf, type Outcome, parametersOf } from './cost-line.js';
import { fitPlaces, type Place, valueAt } from './line.js';

/** Designs whose writers all add to one word; those of the others share none. */
const SHARING: readonly string[] = ['atomic', 'atomic-padded', 'Atomics.add'] satisfies Design[];

/** A line for each design, in each language. @param cpus - of the machine that was measured */
export function incrementLines(scenarios: readonly Findings[], cpus: number): Outcome[] {
  const lookup = lookupOf(scenarios, 'contention');
  if (lookup === undefined) return [{ subject: 'increments', reason: 'the scenario contention was not run' }];
  return [
    { figure: 'native', language: 'C' },
    { figure: 'threads', language: 'worker threads' },
    { figure: 'cluster', language: 'a cluster' },
  ].flatMap(({ figure, language }) =>
    lookup.contenders(figure).map((contender) => {
      const subject = `increment in ${language}, ${contender}`;
      const places = incrementPlaces(lookup, figure, contender, cpus);
      return SHARING.includes(contender) ? sharedIncrement(subject, places, cpus) : ownIncrement(subject, places, cpus);
    }),
  );
}

/** Nanoseconds by the number of the other writers. Writers that wait for a CPU are no longer on one of their own. */
function incrementPlaces(lookup: Lookup, figure: string, contender: string, cpus: number): Place[] {
  return lookup.points(figure).flatMap((point): Place[] => {
    const writers = Number(point);
    const rounds = lookup.rounds(figure, contender, point).map((rate) => rate && (writers / rate) * 1000);
    return writers > cpus || rounds.length === 0 ? [] : [{ x: writers - 1, rounds }];
  });
}

function ownIncrement(subject: string, places: readonly Place[], cpus: number): Outcome {
  const rounds = places.flatMap((place) => place.rounds).filter((value) => value !== undefined);
  if (rounds.length === 0) return { subject, reason: 'no point was measured' };
  const value = half(rounds);
  return {
    ...{ kind: 'own increment', subject, unit: 'ns', decimals: 1, formula: 'a' },
    parameters: [{ name: 'a', unit: 'ns', decimals: 2, value }],
    ...estimates(cpus, () => value),
  };
}

function sharedIncrement(subject: string, places: readonly Place[], cpus: number): Outcome {
  const fit = fitPlaces(places);
  if (typeof fit === 'string') return { subject, reason: fit };
  const { intercept, slope } = parametersOf(fit);
  return {
    ...{ kind: 'shared increment', subject, unit: 'ns', decimals: 1, formula: 'a + k (w - 1)' },
    parameters: [
      { name: 'a', unit: 'ns', decimals: 2, value: intercept },
      { name: 'k', unit: 'ns per further writer', decimals: 2, value: slope },
    ],
    ...estimates(cpus, (count) => half(fit.lines.map((line) => valueAt(line, count - 1)))),
  };
}
