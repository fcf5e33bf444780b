/**
 * The machine code of the built addon keeps what the sources promise: the critical sections are what the kernel
 * expects, and the hot path to them neither calls, nor locks, nor enters the kernel. Each check is shown to find what
 * it looks for, on copies of the addon in which that was broken.
 */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type CriticalSection,
  hasFreePath,
  readCriticalSections,
  tableViolations,
  violationsOf,
} from '../support/critical-section.js';
import { unlessInstalled } from '../support/debian-package.js';
import { type FunctionSymbol, functionSymbols } from '../support/disassembly.js';
import { ElfFile, FLAGS_1, NODELETE } from '../support/elf-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const addonPath = fileURLToPath(new URL('../../../build/Release/percpu_metrics.node', import.meta.url));
const skip = unlessInstalled('binutils', 'objdump', 'nm');

/** In the core, and as JavaScript calls them. The latter take their arguments out of Node-API first. */
const hotFunctions = ['pcm_cell_add', 'pcm_histogram_observe', 'increment', 'add', 'enter', 'leave'];
const nodeApi = /<napi_\w+/;

/** A copy of the addon with other bytes at an address, and what is wrong with a section of it. */
function mutate(t: TestContext, address: number, bytes: readonly number[]): { path: string; elf: ElfFile } {
  const elf = new ElfFile(addonPath);
  const section = elf.sectionAt(address);
  assert.ok(section);
  const path = join(temporaryDirectory(t), 'mutated.node');
  copyFileSync(addonPath, path);
  const contents = readFileSync(path);
  contents.set(bytes, section.offset + (address - section.address));
  writeFileSync(path, contents);
  return { path, elf: new ElfFile(path) };
}

function sectionsIn(sections: readonly CriticalSection[], { start, end }: FunctionSymbol): CriticalSection[] {
  return sections.filter((section) => section.start >= start && section.postCommit <= end);
}

test('every critical section of the addon is one that the kernel accepts and that neither calls nor locks', {
  skip,
}, () => {
  const elf = new ElfFile(addonPath);
  const sections = readCriticalSections(elf);
  assert.ok(sections.length >= hotFunctions.length, `only ${sections.length} critical sections`);
  assert.deepEqual(
    sections.flatMap((section) => violationsOf(addonPath, elf, section)),
    [],
  );
});

test('the addon tells debuggers of all its critical sections, and the loader never to unmap it', { skip }, () => {
  const elf = new ElfFile(addonPath);
  const sections = readCriticalSections(elf);
  assert.deepEqual(tableViolations(elf, sections), []);
  assert.notDeepEqual(tableViolations(elf, sections.slice(1)), [], 'a section that is not in the tables is not found');
  assert.equal((elf.dynamicEntry(FLAGS_1)?.value ?? 0) & NODELETE, NODELETE);
});

for (const name of hotFunctions) {
  test(`${name} gets to its commit without a call, a lock prefix or a system call`, { skip }, () => {
    const elf = new ElfFile(addonPath);
    const all = readCriticalSections(elf);
    const found = functionSymbols(addonPath)
      .filter((symbol) => symbol.name === name)
      .map((symbol) => ({ symbol, sections: sectionsIn(all, symbol) }))
      .filter(({ sections }) => sections.length > 0);
    assert.equal(found.length, 1, `${found.length} functions ${name} have a critical section`);
    for (const { symbol, sections } of found) {
      for (const section of sections) {
        const allowed = name.startsWith('pcm_') ? undefined : nodeApi;
        assert.ok(hasFreePath(addonPath, elf, symbol, section, allowed), `0x${section.start.toString(16)}`);
      }
    }
  });
}

test('the checks find another signature, a lock prefix, a call and a system call in a critical section', {
  skip,
}, (t) => {
  const [section] = readCriticalSections(new ElfFile(addonPath));
  assert.ok(section);
  const inX86 = new ElfFile(addonPath).machine === 'x86-64';
  const mutations: [at: number, bytes: number[], complaint: RegExp][] = [
    [section.abort - 4, [0x54], /has signature 0x/],
    ...(inX86
      ? ([
          [section.start, [0xf0, 0x83, 0x00, 0x01], /is lock addl/],
          [section.start, [0xe8, 0, 0, 0, 0], /is call/],
          [section.start, [0x0f, 0x05], /is syscall/],
        ] satisfies [number, number[], RegExp][])
      : ([
          [section.start, [0x00, 0x00, 0x20, 0xf8], /is ldadd/],
          [section.start, [0x00, 0x00, 0x00, 0x94], /is bl/],
          [section.start, [0x01, 0x00, 0x00, 0xd4], /is svc/],
        ] satisfies [number, number[], RegExp][])),
  ];
  for (const [at, bytes, complaint] of mutations) {
    const { path, elf } = mutate(t, at, bytes);
    assert.match(violationsOf(path, elf, section).join('\n'), complaint);
  }
});

test('the checks find a call in front of the critical section', { skip }, (t) => {
  const original = new ElfFile(addonPath);
  const symbol = functionSymbols(addonPath).find(({ name }) => name === 'pcm_cell_add');
  assert.ok(symbol);
  const [section] = sectionsIn(readCriticalSections(original), symbol);
  assert.ok(section);
  const call = original.machine === 'x86-64' ? [0xe8, 0, 0, 0, 0] : [0x00, 0x00, 0x00, 0x94];
  const { path, elf } = mutate(t, symbol.start, call);
  assert.equal(hasFreePath(path, elf, symbol, section), false);
});
