/**
 * Machine code as objdump shows it, and which instructions a hot path must not have: calls, atomic read-modify-writes
 * and system calls.
 */
import { execFileSync } from 'node:child_process';

export interface Instruction {
  readonly address: number;
  /** Mnemonic and operands, the latter with symbols, in AT&T syntax on x86-64. */
  readonly text: string;
  /** Where a direct jump goes. */
  readonly target?: number;
  /** Whether the next instruction can follow it. */
  readonly fallsThrough: boolean;
}

/** A function, from its first byte to behind its last. */
export interface FunctionRange {
  readonly start: number;
  readonly end: number;
}

export interface FunctionSymbol extends FunctionRange {
  readonly name: string;
}

type Machine = 'x86-64' | 'aarch64';

const instructionLine = /^\s*([0-9a-f]+):\s+(\S.*?)\s*$/;
const jump: Record<Machine, RegExp> = {
  'x86-64': /^(?:notrack |bnd )?j\w+\s+([0-9a-f]+)\b/,
  aarch64: /^(?:b|b\.\w+|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\w+,)\s+([0-9a-f]+)\b/,
};
const endOfPath: Record<Machine, RegExp> = {
  'x86-64': /^(?:jmp|ret|ud2|hlt|repz ret)\b/,
  aarch64: /^(?:b\s|br\s|bra[ab]z?\s|ret(?:a[ab])?\b|udf\b)/,
};
// On 64-bit ARM: calls, also of signed pointers; exceptions; exclusives; and what one instruction reads, changes and
// writes, of one and of two registers, with its result (`ld`) and without (`st`), also of newer processors than the
// addon is built for. A load or a store that others are ordered around, such as `ldar` and `stlr`, is none of these.
const forbidden: Record<Machine, RegExp> = {
  'x86-64': /\b(?:lock|call\w?|syscall|sysenter|int|xchg\w?|\(bad\))(?:\s|$)/,
  aarch64: new RegExp(
    [
      '^(?:blr?|blra[ab]z?|svc|hvc|smc|lda?t?x[rp][bh]?|stl?t?x[rp][bh]?',
      '(?:ld|st)t?(?:add|clr|eor|set|[su]max|[su]min|b?f(?:add|max|min))\\w*|st64bv0?|cas\\w*|swp\\w*|rcw\\w*',
      '\\.inst)\\b',
    ].join('|'),
  ),
};

// What looks like it and only reads: comparisons, and addresses that are computed.
const readsOnly = /^(?:cmp|test|lea|nop|j|prefetch)/;

/** The last operand of an instruction in AT&T syntax, which is where it writes to. */
function lastOperand(text: string): string {
  return /(?:[^,(]|\([^)]*\))+$/.exec(text.replace(/^\S+\s*/, ''))?.[0].trim() ?? '';
}

/** Whether an instruction writes to memory. */
export function writesMemory(machine: Machine, { text }: Instruction): boolean {
  if (machine === 'aarch64') return /^st/.test(text);
  return !readsOnly.test(text) && /\(|^%[fg]s:/.test(lastOperand(text));
}

/** Debian's binutils know the machine that they run on only; those of the cross compiler know the other one. */
export function binutilFor(machine: Machine, name: 'as' | 'objdump'): string {
  const native = machine === (process.arch === 'arm64' ? 'aarch64' : 'x86-64');
  return native ? name : `${machine === 'aarch64' ? 'aarch64' : 'x86_64'}-linux-gnu-${name}`;
}

/** The instructions between two addresses of a file. */
export function disassemble(file: string, machine: Machine, start: number, end: number): Instruction[] {
  const range = [`--start-address=0x${start.toString(16)}`, `--stop-address=0x${end.toString(16)}`];
  const options = ['--disassemble', '--no-show-raw-insn', '--wide', ...range];
  const listing = execFileSync(binutilFor(machine, 'objdump'), [...options, file], { encoding: 'utf8' });
  return listing.split('\n').flatMap((line) => {
    const [, address, text] = instructionLine.exec(line) ?? [];
    if (address === undefined || text === undefined) {
      return [];
    }
    const target = jump[machine].exec(text)?.[1];
    return {
      address: Number.parseInt(address, 16),
      text,
      ...(target === undefined ? {} : { target: Number.parseInt(target, 16) }),
      fallsThrough: !endOfPath[machine].test(text),
    };
  });
}

/** Whether an instruction calls, locks or enters the kernel. */
export function isForbidden(machine: Machine, instruction: Instruction): boolean {
  return forbidden[machine].test(instruction.text);
}

/** The functions of a file, local ones as well. */
export function functionSymbols(file: string): FunctionSymbol[] {
  const listing = execFileSync('nm', ['--defined-only', '--print-size', file], { encoding: 'utf8' });
  return listing.split('\n').flatMap((line) => {
    const [, address, size, name] = /^([0-9a-f]+) ([0-9a-f]+) [tTwW] (\S+)$/.exec(line) ?? [];
    if (address === undefined || size === undefined || name === undefined) {
      return [];
    }
    const start = Number.parseInt(address, 16);
    return { name, start, end: start + Number.parseInt(size, 16) };
  });
}

/** The functions of a file by the tables that exceptions are unwound by, which a stripped file has as well. */
export function functionRanges(file: string): FunctionRange[] {
  const listing = execFileSync('readelf', ['--wide', '--debug-dump=frames', file], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...listing.matchAll(/ FDE .* pc=([0-9a-f]+)\.\.([0-9a-f]+)$/gm)].map(([, start = '', end = '']) => ({
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
  }));
}
