/**
 * Reads of a 64-bit little-endian ELF file what the tests of the built addon need: sections, bytes at addresses, and
 * words with their relocations applied (in a shared object the words of a descriptor are only filled in by the loader).
 */
import { readFileSync } from 'node:fs';

export interface Section {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly alignment: number;
}

/** `R_X86_64_RELATIVE` and `R_AARCH64_RELATIVE`: the word is the addend plus the address of the mapping. */
const relativeTypes = new Set([8, 1027]);
const relocationSize = 24;
const sectionTypeRelocations = 4;
const sectionTypeNoBits = 8;
const dynamicEntrySize = 16;

/** Tag of the dynamic section: `DT_FLAGS_1`, and one of its flags, `DF_1_NODELETE`. */
export const FLAGS_1 = 0x6ffffffb;
export const NODELETE = 8;

export class ElfFile {
  readonly sections: readonly Section[];
  readonly machine: 'x86-64' | 'aarch64';
  readonly #bytes: Buffer;
  readonly #addends = new Map<number, number>();

  constructor(path: string) {
    const bytes = readFileSync(path);
    if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
      throw new Error(`${path} is not a 64-bit little-endian ELF file`);
    }
    this.#bytes = bytes;
    this.machine = bytes.readUInt16LE(18) === 183 ? 'aarch64' : 'x86-64';
    const all = this.#readSections();
    this.sections = all.filter(({ type }) => type !== sectionTypeNoBits);
    for (const { offset, size } of all.filter(({ type }) => type === sectionTypeRelocations)) {
      this.#readRelocations(offset, size);
    }
  }

  /** The section of this name; fails where there is none. */
  section(name: string): Section {
    const found = this.sections.find((section) => section.name === name);
    if (!found) {
      throw new Error(`there is no section ${name}; there are ${this.sections.map((s) => s.name).join(' ')}`);
    }
    return found;
  }

  /** What the loader is told: the first entry of the dynamic section with this tag, and where it is in the file. */
  dynamicEntry(tag: number): { value: number; offset: number } | undefined {
    const { offset, size } = this.section('.dynamic');
    for (let at = offset; at < offset + size; at += dynamicEntrySize) {
      if (Number(this.#bytes.readBigUInt64LE(at)) === tag) {
        return { value: Number(this.#bytes.readBigUInt64LE(at + 8)), offset: at };
      }
    }
    return undefined;
  }

  /** The section that an address is in. */
  sectionAt(address: number): Section | undefined {
    return this.sections.find((section) => section.address <= address && address < section.address + section.size);
  }

  /** The bytes that will be at an address when the file is mapped, before relocation. */
  bytesAt(address: number, size: number): Buffer {
    const section = this.sectionAt(address);
    if (!section) {
      throw new Error(`address 0x${address.toString(16)} is in no section`);
    }
    const start = section.offset + (address - section.address);
    return this.#bytes.subarray(start, start + size);
  }

  /** The 8-byte word at an address, as an offset from where the file is mapped if it is relocated. */
  wordAt(address: number): number {
    return this.#addends.get(address) ?? Number(this.bytesAt(address, 8).readBigUInt64LE());
  }

  #readSections(): (Section & { type: number })[] {
    const bytes = this.#bytes;
    const table = Number(bytes.readBigUInt64LE(40));
    const entrySize = bytes.readUInt16LE(58);
    const entries = Array.from({ length: bytes.readUInt16LE(60) }, (_, index) =>
      bytes.subarray(table + index * entrySize, table + (index + 1) * entrySize),
    );
    const word = (entry: Buffer, at: number) => Number(entry.readBigUInt64LE(at));
    const names = entries[bytes.readUInt16LE(62)] as Buffer;
    return entries.map((entry) => {
      const start = word(names, 24) + entry.readUInt32LE(0);
      return {
        name: bytes.toString('latin1', start, bytes.indexOf(0, start)),
        type: entry.readUInt32LE(4),
        address: word(entry, 16),
        offset: word(entry, 24),
        size: word(entry, 32),
        alignment: word(entry, 48),
      };
    });
  }

  #readRelocations(offset: number, size: number): void {
    for (let at = offset; at < offset + size; at += relocationSize) {
      if (relativeTypes.has(this.#bytes.readUInt32LE(at + 8))) {
        this.#addends.set(Number(this.#bytes.readBigUInt64LE(at)), Number(this.#bytes.readBigInt64LE(at + 16)));
      }
    }
  }
}
