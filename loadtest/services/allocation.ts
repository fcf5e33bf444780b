/**
 * What some work allocates, in bytes, freed or not: the growth of the JavaScript heap and of what is counted with it,
 * such as buffers, between the collections of garbage meanwhile. What native code keeps for itself is not in it.
 */
import { GCProfiler } from 'node:v8';

/** What is in use before or after a collection. */
interface HeapStatistics {
  usedHeapSize: number;
  externalMemory: number;
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const inUseThen = ({ usedHeapSize, externalMemory }: HeapStatistics): number => usedHeapSize + externalMemory;

/** Does the work so many times and gives the bytes that each took. */
export async function allocatedBy(work: () => Promise<void>, times: number): Promise<number> {
  const profiler = new GCProfiler();
  profiler.start();
  let from = inUse();
  for (let time = 0; time < times; time += 1) await work();
  const until = inUse();
  const collections = profiler.stop()?.statistics ?? [];
  let bytes = 0;
  for (const { beforeGC, afterGC } of collections) {
    bytes += Math.max(0, inUseThen(beforeGC.heapStatistics) - from);
    from = inUseThen(afterGC.heapStatistics);
  }
  return (bytes + Math.max(0, until - from)) / times;
}
