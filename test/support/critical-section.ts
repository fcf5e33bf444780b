/**
 * The restartable sequences of a file, found by the descriptors that the kernel would read, and everything that is
 * wrong with them. What is checked are the rules of rseq(2) and of this project: an aligned descriptor of version 0,
 * the signature in front of the abort address, the abort address outside of the sequence, nothing between start
 * and commit that calls, locks or enters the kernel, and one instruction that writes to memory, which is the last.
 */
import { disassemble, type FunctionRange, isForbidden, writesMemory } from './disassembly.js';
import type { ElfFile } from './elf-file.js';

/** A descriptor (`struct rseq_cs`). Addresses are relative to where the file is mapped. */
export interface CriticalSection {
  readonly descriptor: number;
  readonly version: number;
  readonly flags: number;
  readonly start: number;
  /** Behind the instruction that commits. */
  readonly postCommit: number;
  readonly abort: number;
}

const descriptorSize = 32;
const signatures = { 'x86-64': 0x53053053, aarch64: 0xd428bc00 };

const hex = (address: number) => `0x${address.toString(16)}`;

/** All critical sections of a file. */
export function readCriticalSections(elf: ElfFile): CriticalSection[] {
  const table = elf.section('__rseq_cs');
  if (table.alignment < descriptorSize || table.size % descriptorSize !== 0) {
    throw new Error(`__rseq_cs is not a table: ${JSON.stringify(table)}`);
  }
  return Array.from({ length: table.size / descriptorSize }, (_, index) => {
    const descriptor = table.address + index * descriptorSize;
    const start = elf.wordAt(descriptor + 8);
    return {
      descriptor,
      version: elf.bytesAt(descriptor, 4).readUInt32LE(),
      flags: elf.bytesAt(descriptor + 4, 4).readUInt32LE(),
      start,
      postCommit: start + elf.wordAt(descriptor + 16),
      abort: elf.wordAt(descriptor + 24),
    };
  });
}

/** Those that are in a function. */
export function sectionsIn(sections: readonly CriticalSection[], { start, end }: FunctionRange): CriticalSection[] {
  return sections.filter((section) => section.start >= start && section.postCommit <= end);
}

function readWords(elf: ElfFile, name: string): number[] {
  const { address, size } = elf.section(name);
  return Array.from({ length: size / 8 }, (_, index) => elf.wordAt(address + index * 8));
}

/** The starts of the sections that have an exit point. */
export function exitsOf(elf: ElfFile): number[] {
  return readWords(elf, '__rseq_exit_point_array').filter((_, index) => index % 2 === 0);
}

/**
 * What is wrong with the two tables that debuggers find critical sections by: one holds the address of every
 * descriptor, the other one pairs of a section's start and an address that it is left to.
 */
export function tableViolations(elf: ElfFile, sections: readonly CriticalSection[]): string[] {
  const pointers = readWords(elf, '__rseq_cs_ptr_array').sort((a, b) => a - b);
  const descriptors = sections.map(({ descriptor }) => descriptor).sort((a, b) => a - b);
  const exits = readWords(elf, '__rseq_exit_point_array');
  const violations = String(pointers) === String(descriptors) ? [] : ['__rseq_cs_ptr_array is not of all descriptors'];
  for (let index = 0; index < exits.length; index += 2) {
    const [start = 0, exit = 0] = exits.slice(index, index + 2);
    const section = sections.find((candidate) => candidate.start === start);
    if (section === undefined || exit === 0 || (exit >= start && exit < section.postCommit)) {
      violations.push(`exit point ${hex(exit)} of ${hex(start)} does not leave a critical section`);
    }
  }
  return violations;
}

/** What is wrong with a critical section, in words; nothing if all is well. */
export function violationsOf(file: string, elf: ElfFile, section: CriticalSection): string[] {
  const { descriptor, version, flags, start, postCommit, abort } = section;
  const violations: string[] = [];
  const expect = (condition: boolean, complaint: string) => {
    if (!condition) {
      violations.push(`descriptor ${hex(descriptor)}: ${complaint}`);
    }
  };
  expect(descriptor % descriptorSize === 0, 'is not aligned');
  expect(version === 0 && flags === 0, `has version ${version} and flags ${flags}`);
  expect(start < postCommit, 'is empty');
  expect(abort < start || abort >= postCommit, 'aborts into itself');
  const signature = elf.bytesAt(abort - 4, 4).readUInt32LE();
  expect(signature === signatures[elf.machine], `has signature ${hex(signature)} in front of its abort address`);
  const instructions = start < postCommit ? disassemble(file, elf.machine, start, postCommit) : [];
  expect(instructions.length > 0, 'has no instructions');
  for (const instruction of instructions.filter((one) => isForbidden(elf.machine, one))) {
    expect(false, `${hex(instruction.address)} is ${instruction.text}`);
  }
  // That of the probe only waits, and is left at its end.
  if (!instructions.some(({ text }) => /^(?:pause|yield)\b/.test(text))) {
    const writing = instructions.filter((one) => writesMemory(elf.machine, one));
    expect(
      writing.length === 1 && writing[0] === instructions.at(-1),
      'does not end with the one that writes to memory',
    );
    expect(exitsOf(elf).includes(start), 'has no exit point');
  }
  return violations;
}

/**
 * Whether a function can get from its entry to the commit of a critical section without a call, a locked instruction
 * or a system call; calls of functions whose name matches `allowed` are let through.
 */
export function hasFreePath(
  file: string,
  elf: ElfFile,
  { start, end }: FunctionRange,
  section: CriticalSection,
  allowed?: RegExp,
): boolean {
  const instructions = disassemble(file, elf.machine, start, end);
  const indices = new Map(instructions.map(({ address }, index) => [address, index]));
  const pending = [0];
  const visited = new Set<number>();
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const instruction = instructions[index];
    if (!instruction || visited.has(index)) {
      continue;
    }
    visited.add(index);
    // Only what the last instruction of the section follows has committed: behind it, paths meet that have not.
    const next = instructions[index + 1]?.address ?? end;
    if (instruction.address >= section.start && next === section.postCommit) {
      return true;
    }
    if (isForbidden(elf.machine, instruction) && !allowed?.test(instruction.text)) {
      continue;
    }
    if (instruction.fallsThrough) {
      pending.push(index + 1);
    }
    const target = instruction.target === undefined ? undefined : indices.get(instruction.target);
    if (target !== undefined) {
      pending.push(target);
    }
  }
  return false;
}
