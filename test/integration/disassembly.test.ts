/**
 * The machine code of the built addon keeps what the sources promise: the critical sections are what the kernel
 * expects, and the hot path to them neither calls, nor locks, nor enters the kernel. Each check is shown to find what
 * it looks for, on copies of the addon in which that was broken. What is shipped, without symbols or for 64-bit ARM, is
 * looked at the same way where it is built: in proof/package.test.ts and deploy/arm64-image.test.ts.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addonViolations, assertSound, countFreeFunctions, hotFunctions, nodeApi } from '../support/addon-code.js';
import {
  type CriticalSection,
  exitsOf,
  hasFreePath,
  readCriticalSections,
  sectionsIn,
  tableViolations,
  violationsOf,
} from '../support/critical-section.js';
import { unlessInstalled } from '../support/debian-package.js';
import { binutilFor, disassemble, type FunctionSymbol, functionSymbols, isForbidden } from '../support/disassembly.js';
import { ElfFile, FLAGS_1, NODELETE } from '../support/elf-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const addonPath = fileURLToPath(new URL('../../../build/Release/percpu_metrics.node', import.meta.url));
const skip = unlessInstalled('binutils', 'objdump', 'nm', 'readelf', 'strip');

/** A copy of an addon with other bytes at an offset. */
function mutate(t: TestContext, file: string, offset: number, bytes: readonly number[]): string {
  const path = join(temporaryDirectory(t), 'mutated.node');
  const contents = readFileSync(file);
  contents.set(bytes, offset);
  writeFileSync(path, contents);
  return path;
}

function offsetOf(elf: ElfFile, address: number): number {
  const section = elf.sectionAt(address);
  assert.ok(section, `0x${address.toString(16)} is in a section`);
  return section.offset + (address - section.address);
}

function symbolOf(name: string): FunctionSymbol {
  const symbol = functionSymbols(addonPath).find((one) => one.name === name);
  assert.ok(symbol, name);
  return symbol;
}

const emptyCall = (machine: ElfFile['machine']) => (machine === 'x86-64' ? [0xe8, 0, 0, 0, 0] : [0, 0, 0, 0x94]);

test('the critical sections of the addon are what the kernel accepts, debuggers are told of, and none may unmap', {
  skip,
}, () => {
  assertSound(addonPath);
  const elf = new ElfFile(addonPath);
  const sections = readCriticalSections(elf);
  assert.notDeepEqual(tableViolations(elf, sections.slice(1)), [], 'a section that is not in the tables is not found');
});

test('an addon without symbols is looked at as well, and what is broken in it is found', { skip }, (t) => {
  const stripped = join(temporaryDirectory(t), 'stripped.node');
  execFileSync('strip', ['--strip-all', '-o', stripped, addonPath]);
  assertSound(stripped);

  const elf = new ElfFile(stripped);
  const flags = elf.dynamicEntry(FLAGS_1);
  assert.ok(flags);
  const mayBeUnmapped = mutate(t, stripped, flags.offset + 8, [flags.value & 0xff & ~NODELETE]);
  assert.deepEqual(addonViolations(mayBeUnmapped), ['the loader may unmap it']);

  const free = countFreeFunctions(stripped);
  const { start } = symbolOf('pcm_cell_add');
  const calling = mutate(t, stripped, offsetOf(elf, start), emptyCall(elf.machine));
  assert.deepEqual(countFreeFunctions(calling), {
    withoutCall: free.withoutCall - 1,
    withNodeApi: free.withNodeApi - 1,
  });
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

test('the checks find what is wrong with a descriptor, and a lock prefix, a call and a system call in a critical section', {
  skip,
}, (t) => {
  const original = new ElfFile(addonPath);
  const [section] = readCriticalSections(original);
  assert.ok(section);
  const inX86 = original.machine === 'x86-64';
  const mutations: [at: number, bytes: number[], complaint: RegExp][] = [
    [section.abort - 4, [0x54], /has signature 0x/],
    [section.descriptor, [1], /has version 1 and flags 0/],
    [section.descriptor + 4, [1], /has version 0 and flags 1/],
    [section.descriptor + 16, [0], /is empty/],
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
    const path = mutate(t, addonPath, offsetOf(original, at), bytes);
    const elf = new ElfFile(path);
    const changed = readCriticalSections(elf).find(({ descriptor }) => descriptor === section.descriptor);
    assert.ok(changed);
    assert.match(violationsOf(path, elf, changed).join('\n'), complaint);
  }
  const all = readCriticalSections(original);
  const complaints = (changed: CriticalSection) => violationsOf(addonPath, original, changed).join('\n');
  for (const one of all.filter(({ start }) => exitsOf(original).includes(start))) {
    const inside = disassemble(addonPath, original.machine, one.start, one.postCommit);
    const [behind] = disassemble(addonPath, original.machine, one.postCommit, one.postCommit + 32).slice(1);
    const [, second] = inside;
    assert.ok(behind && second);
    // One instruction early, and late.
    for (const postCommit of [inside.at(-1)?.address ?? 0, behind.address]) {
      assert.match(complaints({ ...one, postCommit }), /does not end with the one that writes to memory/);
    }
    assert.match(complaints({ ...one, start: second.address }), /has no exit point/);
  }
  for (const abort of [section.start, section.postCommit - 1]) {
    assert.match(violationsOf(addonPath, original, { ...section, abort }).join('\n'), /aborts into itself/);
  }
});

test('the checks find a call in front of the critical section', { skip }, (t) => {
  const original = new ElfFile(addonPath);
  const symbol = symbolOf('pcm_cell_add');
  const [section] = sectionsIn(readCriticalSections(original), symbol);
  assert.ok(section);
  const path = mutate(t, addonPath, offsetOf(original, symbol.start), emptyCall(original.machine));
  assert.equal(hasFreePath(path, new ElfFile(path), symbol, section), false);
});

const skipArm64 = unlessInstalled(
  'binutils-aarch64-linux-gnu',
  binutilFor('aarch64', 'as'),
  binutilFor('aarch64', 'objdump'),
);

/** Assembles lines for 64-bit ARM, and gives the instructions that are forbidden, and the others. */
function sortArm64(t: TestContext, lines: readonly string[]): { forbidden: string[]; free: string[] } {
  const object = join(temporaryDirectory(t), 'lines.o');
  execFileSync(binutilFor('aarch64', 'as'), ['-march=armv8.5-a', '-o', object], { input: `${lines.join('\n')}\n` });
  const instructions = disassemble(object, 'aarch64', 0, 4 * lines.length);
  assert.equal(instructions.length, lines.length);
  const texts = (wanted: boolean) =>
    instructions.filter((one) => isForbidden('aarch64', one) === wanted).map(({ text }) => text);
  return { forbidden: texts(true), free: texts(false) };
}

/** An instruction with all values of some of its fields, which are given by their lowest bits and widths. */
function encodings(base: number, ...fields: [at: number, width: number][]): string[] {
  const values = fields.reduce(
    (made, [at, width]) =>
      made.flatMap((value) => Array.from({ length: 2 ** width }, (_, field) => value + field * 2 ** at)),
    [base],
  );
  return values.map((value) => `.inst 0x${value.toString(16)}`);
}

test('on 64-bit ARM each encoding of an exclusive and of an atomic read-modify-write is found', {
  skip: skipArm64,
}, (t) => {
  // Classes of the Arm manual. What they leave free is no instruction, and forbidden as well.
  const size: [number, number] = [30, 2];
  const operation: [number, number][] = [
    [22, 2], // acquire, release
    [12, 4],
  ];
  const { forbidden, free } = sortArm64(t, [
    // Exclusives of one register and of two, and compare and swap of two.
    ...encodings(0x08047c46, size, [21, 2], [15, 1]),
    // Compare and swap.
    ...encodings(0x08a47c46, size, [22, 1], [15, 1]),
    // Read-modify-writes, of numbers and of floating-point numbers, with a result and without.
    ...encodings(0x38240046, size, [26, 1], ...operation),
    ...encodings(0x3824005f, size, [26, 1], ...operation),
    // Of pairs of registers, and unprivileged ones.
    ...encodings(0x19240046, [30, 1], [10, 1], ...operation),
    ...['bl .', 'blr x0', 'blraa x0, x1', 'blrab x0, x1', 'blraaz x0', 'blrabz x0', 'svc 0', 'hvc 0', 'smc 0'],
  ]);
  assert.deepEqual(free, []);
  const names = new Set(forbidden.map((text) => text.split(/\s/)[0]));
  for (const name of [
    'ldxr',
    'stlxrb',
    'ldaxp',
    'stxp',
    'casal',
    'caspal',
    'ldclrh',
    'ldeor',
    'stset',
    'ldumax',
    'swpalb',
  ]) {
    assert.ok(names.has(name), `${name} is not among ${[...names].join(', ')}`);
  }
  t.diagnostic(`${names.size} names`);
});

test('on 64-bit ARM what loads or stores only is not taken for one', { skip: skipArm64 }, (t) => {
  const { forbidden } = sortArm64(t, [
    // Those that others are ordered around, of the class of exclusives.
    ...['b', 'h', ''].flatMap((size) =>
      ['ldar', 'stlr', 'ldlar', 'stllr', 'ldapr'].map((name) => `${name}${size} w6, [x2]`),
    ),
    ...['ldr', 'str', 'ldur', 'stur', 'ldtr', 'sttr'].map((name) => `${name} x6, [x2]`),
    ...['ldp', 'stp', 'ldnp', 'stnp'].map((name) => `${name} x6, x7, [x2]`),
    ...[
      'ldrsw x6, [x2]',
      'ldr d0, [x2]',
      'stlur x6, [x2]',
      'ldapur x6, [x2]',
      'ld1 {v0.2d}, [x2]',
      'st1 {v0.2d}, [x2]',
    ],
    ...['b .', 'br x0', 'ret', 'cbz x0, .', 'add x0, x0, x1', 'bic x0, x0, x1', 'eor x0, x0, x1', 'clrex', 'dmb ish'],
  ]);
  assert.deepEqual(forbidden, []);
});
