/**
 * The fuzzer of native/proof/fuzz.cc: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer. Its first inputs
 * are made here, each of which writes one word over another place of a sound store, or come from
 * native/proof/fuzz-corpus.txt: what the fuzzer found interesting in a run of 10 minutes, in base64, one a line.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unlessInstalled } from './debian-package.js';
import { buildVariant, type Mutation } from './native-variant.js';

const sanitizers = 'address,undefined';
const compileFlags = ['-g', '-O1', `-fsanitize=fuzzer-no-link,${sanitizers}`, '-fno-sanitize-recover=undefined'];

/** Where inputs that were found interesting are kept, and those that were found to be fatal. */
export const fuzzDirectory = fileURLToPath(new URL('../../../build/proof/fuzz', import.meta.url));

/** What is written: more cells than are in use but not more than there are, and more than there can be of anything. */
const words = [0x3ff, 0xffffffff];

/** Areas of the store, as the fuzzer numbers them, with so many bytes of each that are worth a change. */
const areas = { header: 448, slots: 64, changes: 64, bits: 64, catalog: 1800, base: 64, lanes: 64, atomicLanes: 64 };

/** Arguments that all runs have: no input takes 100 seconds, nor 3 GB. */
const limits = ['-timeout=100', '-rss_limit_mb=3000'];

/** For the `skip` option of a test: why there is no fuzzer here. The library is not part of the compiler's package. */
export function unlessFuzzing(): string | false {
  const missing = unlessInstalled('clang', 'clang', 'clang++');
  if (missing !== false || process.arch !== 'x64') {
    return missing || 'the sanitizers are those of x86-64';
  }
  const args = ['-print-file-name=libclang_rt.fuzzer-x86_64.a'];
  return existsSync(execFileSync('clang', args, { encoding: 'utf8' }).trim())
    ? false
    : 'needs libFuzzer (Debian package libclang-rt-dev)';
}

export function buildFuzzer(mutation?: Mutation): Promise<string> {
  return buildVariant({
    name: mutation ? `fuzzer-${mutation.name}` : 'fuzzer',
    sources: ['core', 'exposition', 'proof/fuzz.cc'],
    flags: compileFlags,
    linkFlags: [`-fsanitize=fuzzer,${sanitizers}`],
    clang: true,
    ...(mutation ? { mutation } : {}),
  });
}

const corpusFile = fileURLToPath(new URL('../../../native/proof/fuzz-corpus.txt', import.meta.url));

/** Those of the corpus, then one patch each; the first four bits say how many patches there are before the store is opened. */
export function writeSeeds(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const corpus = readFileSync(corpusFile, 'utf8').trim().split('\n');
  for (const [index, line] of corpus.entries()) {
    writeFileSync(join(directory, `corpus-${index}`), Buffer.from(line, 'base64'));
  }
  let number = 0;
  for (const word of words) {
    for (const [area, bytes] of Object.values(areas).entries()) {
      for (let offset = 0; offset < bytes; offset += 8) {
        const seed = Buffer.alloc(12);
        seed[0] = ((offset / 8) % 2) * 16 + area;
        seed.writeUInt16LE(offset, 1);
        seed[3] = 7;
        seed.writeUInt32LE(word, 4);
        seed.writeUInt32LE(word, 8);
        writeFileSync(join(directory, `${number++}`.padStart(4, '0')), seed);
      }
    }
  }
}

/** Runs inputs once each; gives what the fuzzer printed, and rejects with it where one was fatal. */
export async function runSeeds(fuzzer: string, directory: string): Promise<string> {
  const seeds = readdirSync(directory).map((name) => join(directory, name));
  const { stderr } = await promisify(execFile)(fuzzer, [...limits, ...seeds], {
    cwd: directory,
    // A fuzzer that dies leaves its store behind.
    env: { ...process.env, TMPDIR: directory },
    maxBuffer: 2 ** 26,
    timeout: 280_000,
  });
  return stderr;
}

/** Arguments of a run that goes on with new inputs, which are kept in the first of the directories. */
export function fuzzArguments(seconds: number, corpora: readonly string[]): string[] {
  return [
    ...limits,
    `-max_total_time=${seconds}`,
    '-max_len=256',
    '-len_control=0',
    '-print_final_stats=1',
    ...corpora,
  ];
}
