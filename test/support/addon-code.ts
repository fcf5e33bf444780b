/**
 * What the machine code of an addon must be like, wherever it was built and whether it has symbols or not: critical
 * sections that the kernel accepts, tables that debuggers find them by, no unmapping, and a way to count that neither
 * calls, but for Node-API, nor locks, nor enters the kernel.
 */
import assert from 'node:assert/strict';
import { hasFreePath, readCriticalSections, sectionsIn, tableViolations, violationsOf } from './critical-section.js';
import { unlessInstalled } from './debian-package.js';
import { binutilFor, functionRanges } from './disassembly.js';
import { ElfFile, FLAGS_1, NODELETE } from './elf-file.js';

/** Where the loader resolves a function of Node-API. Without symbols, others too are named after one that is near. */
export const nodeApi = /<napi_\w+@plt>/;

/** In the core, and as JavaScript calls them. The latter take their arguments out of Node-API first. */
export const hotFunctions = ['pcm_cell_add', 'pcm_histogram_observe', 'increment', 'add', 'enter', 'leave'];

/** Why the addon of 64-bit ARM cannot be looked at here, or `false`. */
export const skipArm64Code = unlessInstalled('binutils-aarch64-linux-gnu', binutilFor('aarch64', 'objdump'));

/** What is wrong with the sections and tables of an addon, in words; nothing if all is well. */
export function addonViolations(file: string): string[] {
  const elf = new ElfFile(file);
  const sections = readCriticalSections(elf);
  const unmapped = ((elf.dynamicEntry(FLAGS_1)?.value ?? 0) & NODELETE) === 0;
  return [
    ...sections.flatMap((section) => violationsOf(file, elf, section)),
    ...tableViolations(elf, sections),
    ...(unmapped ? ['the loader may unmap it'] : []),
  ];
}

/** How many functions with critical sections get to each commit freely: with no call, and with calls of Node-API only. */
export function countFreeFunctions(file: string): { withoutCall: number; withNodeApi: number } {
  const elf = new ElfFile(file);
  const all = readCriticalSections(elf);
  const functions = functionRanges(file)
    .map((range) => ({ range, sections: sectionsIn(all, range) }))
    .filter(({ sections }) => sections.length > 0);
  const count = (allowed?: RegExp) =>
    functions.filter(({ range, sections }) =>
      sections.every((section) => hasFreePath(file, elf, range, section, allowed)),
    ).length;
  return { withoutCall: count(), withNodeApi: count(nodeApi) };
}

/** Fails where the code of an addon is not what it must be. */
export function assertSound(file: string): void {
  assert.deepEqual(addonViolations(file), []);
  const withoutCall = hotFunctions.filter((name) => name.startsWith('pcm_')).length;
  assert.deepEqual(countFreeFunctions(file), { withoutCall, withNodeApi: hotFunctions.length });
}
