/** What is scraped: so many series of one process, idle or under load, or of each worker of a cluster. */
import { formatNumber } from '../table.js';

/** One size that is measured, alone or under load, or in a cluster. */
export interface Size {
  point: string;
  counters: number;
  histograms: number;
  workers: number;
  loaded: boolean;
  /** Of a store of ours; as many as there are CPUs where it is not given. */
  lanes?: number;
}

const alone = { workers: 0, loaded: false };
/** A machine of many CPUs, as far as the size of its stores goes. */
export const WIDE = 64;
/** How the point of a size ends whose store is that wide. */
export const IS_WIDE = `, ${WIDE} lanes`;

/** How the point of a size ends that is scraped under load. */
export const IS_LOADED = ', loaded';

const thousand = (number: number): string => formatNumber(number, 0);

function countersOf(number: number, loaded = false): Size {
  const point = `${thousand(number)} counters${loaded ? IS_LOADED : ''}`;
  return { ...alone, point, counters: number, histograms: 0, loaded };
}

function histogramsOf(number: number, { workers = 0, loaded = false } = {}): Size {
  const point = `${workers > 0 ? `${workers} x ` : ''}${thousand(number)} histograms${loaded ? IS_LOADED : ''}`;
  return { point, counters: 0, histograms: number, workers, loaded };
}

function wide(number: number): Size {
  return { ...countersOf(number), point: `${thousand(number)} counters${IS_WIDE}`, lanes: WIDE };
}

/** Scrapes of a cluster take seconds, and most of them under load. */
export const CLUSTER_ROUNDS = { idle: 5, loaded: 3 };

/** Rounds that a size has at most. */
export function mostRoundsOf({ workers, loaded }: Size): number {
  if (workers === 0) return Number.POSITIVE_INFINITY;
  return loaded ? CLUSTER_ROUNDS.loaded : CLUSTER_ROUNDS.idle;
}

/** All sizes, clusters last. */
export function sizesOf(quick: boolean): Size[] {
  if (quick) {
    const idle = [countersOf(1000), countersOf(10_000), wide(10_000)];
    return [...idle, countersOf(10_000, true), histogramsOf(1000), histogramsOf(200, { workers: 2, loaded: true })];
  }
  return [
    ...[countersOf(1000), countersOf(10_000), countersOf(100_000), wide(100_000)],
    ...[1000, 10_000, 100_000].map((number) => countersOf(number, true)),
    ...[histogramsOf(10_000), histogramsOf(10_000, { loaded: true })],
    ...[false, true].flatMap((loaded) => [2, 4, 8].map((workers) => histogramsOf(10_000, { workers, loaded }))),
  ];
}
